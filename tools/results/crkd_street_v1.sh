#!/bin/sh
# crkd_street_v1.sh [OUT]: distillation on street-v1 (docs/results/crkd.md), every table of the page that is not about unseen streets. What is done already is left
# alone, so a run that was stopped goes on, and two may share the steps out. Environment: BEAMCUE the program; DATA the recording (data/street_v1; one made with
# --set camera.enabled=false --set lidar.enabled=false does); STEPS (all, in this order): yardsticks teacher search students paper points points12 sizes shift faults why tables;
# SEEDS of Table II (10), FEW of what costs more (3); VARIANTS; SIZES, parameters of Table III.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${BEAMCUE:-$root/build/release/beamcue}")
out=${1:-out/crkd_street_v1}
data=$(realpath "${DATA:-data/street_v1}")
steps=${STEPS:-yardsticks teacher search students paper points points12 sizes shift faults why tables}
seeds=${SEEDS:-10}
few=${FEW:-3}
variants=${VARIANTS:-none kd-mid kd-end kd-both rkd-mid rkd-end rkd-both}
mkdir -p "$out/done"
out=$(realpath "$out")

# go VERB CONFIG NAME WORD...: each word is a setting; done once
go() (
    verb=$1 config=$2 name=$3
    shift 3
    [ ! -e "$out/done/$(echo "$name" | tr / _)-$verb" ] || exit 0
    mkdir -p "$out/$name"
    settings=
    for word in "$@"; do settings="$settings --set $word"; done
    echo "== $name: $verb"
    # shellcheck disable=SC2086
    "$program" "$verb" "$root/configs/crkd/$config.yaml" --set "name=$(basename "$name")" --set "data.sources.0.root=$data" --set "data.cache=$out/cache" \
        --set "out=$out/$name" $settings >"$out/$name/$verb.txt" 2>"$out/$name/$verb.log"
    touch "$out/done/$(echo "$name" | tr / _)-$verb"
)
# student NAME SEEDS VARIANT WORD...: trained; the teacher's answers are kept for all that have the same training windows and teacher
student() (
    name=$1 count=$2 variant=$3
    shift 3
    go distill street_v1_student "$name" "seeds=$count" "distill.variant=$variant" "distill.teacher=$out/teacher/model-seed1.safetensors" \
        "distill.cache=$out/teacher-answers.safetensors" "$@"
)
tested() ( # NAME SEEDS WORD...
    name=$1 count=$2
    shift 2
    go evaluate street_v1_student "$name" "seeds=$count" "$@"
)
recipe() { cat "$out/recipes/$1" 2>/dev/null || echo train.optimizer.lr=1.0e-3; } # VARIANT: its chosen settings

# Six trials each: three learning rates, times two weight decays for a student without a teacher, times two alphas for one with a teacher.
trials() {
    for lr in 5.0e-4 1.0e-3 2.0e-3; do
        if [ "$1" = none ]; then
            echo "train.optimizer.lr=$lr train.optimizer.weight_decay=0.01"
            echo "train.optimizer.lr=$lr train.optimizer.weight_decay=0.1"
        else
            echo "train.optimizer.lr=$lr distill.alpha=0.5"
            echo "train.optimizer.lr=$lr distill.alpha=0.8"
        fi
    done
}

yardsticks() {
    radar='features.radar.points=128 data.window.stride=1'
    for kind in random constant radar-knn radar-rule oracle-hold oracle-sweep; do
        for verb in train evaluate; do
            # shellcheck disable=SC2086
            go $verb yardstick $kind model.kind=$kind model.constant_by=mpr $radar
        done
    done
    # which windows validate, for the splits of one scene
    for verb in train evaluate; do
        go $verb yardstick validation model.kind=constant evaluate.part=validation
    done
    for share in 1 0.5; do # of the training episodes
        for scene in 2-lane 3-lane all; do
            "$root/tools/results/split_by_scene.py" "$data" "$out/split/$scene-$share" --scene "$scene" --share "$share" \
                --test "$out/constant/predictions-seed1.csv" --validation "$out/validation/predictions-seed1.csv" >/dev/null
        done
    done
    # the constant beam of each street, which is what a unit that stands in one street has for nothing
    for scene in 2-lane 3-lane; do
        for verb in train evaluate; do
            # shellcheck disable=SC2046
            go $verb yardstick "scene-constant-$scene" model.kind=constant model.constant_by=mpr data.window.stride=1 $(split $scene 1)
        done
    done
}
split() { # SCENE SHARE: settings
    echo "split.kind=official split.train_csv=$out/split/$1-$2/train.csv split.validation_csv=$out/split/$1-$2/validation.csv split.test_csv=$out/split/$1-$2/test.csv"
}

teacher() {
    for verb in train evaluate; do
        go $verb street_v1_teacher teacher
    done
}

search() {
    for variant in $variants; do
        n=0
        trials "$variant" | while read -r words; do
            n=$((n + 1))
            # shellcheck disable=SC2086
            student "search/$variant-$n" 2 "$variant" $words </dev/null
        done
        mkdir -p "$out/recipes"
        trials "$variant" | "$root/tools/results/best_trial.py" "$out/search/$variant" >"$out/recipes/$variant.new"
        mv "$out/recipes/$variant.new" "$out/recipes/$variant"
    done
}

students() {
    for variant in $variants; do
        # shellcheck disable=SC2046
        student "student-$variant" "$seeds" "$variant" $(recipe "$variant")
        tested "student-$variant" "$seeds"
    done
}

paper() { # the paper's own recipe, with its learning rate's two readings
    base='train.optimizer.kind=sgd train.optimizer.lr=5.0e-4 train.optimizer.weight_decay=0 train.epochs=50'
    for variant in $variants; do
        # shellcheck disable=SC2086
        student "paper-$variant" "$few" "$variant" $base train.optimizer.schedule=cyclic-cosine train.optimizer.minimum_lr=5.0e-6
        tested "paper-$variant" "$few"
    done
    for variant in none rkd-both; do
        # shellcheck disable=SC2086
        student "paper-linear-$variant" "$few" "$variant" $base train.optimizer.schedule=cyclic-linear
        tested "paper-linear-$variant" "$few"
    done
}

points() { # the point-student, as in configs/street_v1_point_student.yaml
    for variant in none kd-both rkd-both; do
        student "point-$variant" "$few" "$variant" model.kind=point-student train.epochs=15
        tested "point-$variant" "$few" model.kind=point-student
    done
}
points12() { # the same, 591,104 weights, 12.12 % of the teacher's
    for variant in ${POINTS12:-none kd-both rkd-both}; do
        student "point12-$variant" "$seeds" "$variant" model.kind=point-student model.hidden=232 train.epochs=15
        tested "point12-$variant" "$seeds" model.kind=point-student
    done
}

sizes() {
    for size in ${SIZES:-6 13 34}; do
        for variant in none kd-both rkd-both; do
            # shellcheck disable=SC2046
            student "size$size-$variant" "$few" "$variant" "model.parameters=${size}000000" $(recipe "$variant")
            tested "size$size-$variant" "$few"
        done
    done
}

share() { # FOLDER: everything of the recording but its table, as links
    for part in "$data"/*; do
        [ "$(basename "$part")" = scenario.csv ] || ln -sfn "$part" "$1/$(basename "$part")"
    done
}
# Table IV: teacher of one street, student of the other, both tested on both. Each street is a recording of its own here, because a model is not scored on
# recordings that it knows with another split.
street() { # SCENE: settings for its windows, split as those of both
    echo "data.sources.0.root=$out/street/$1 $(split "$1" 1)"
}
on_both() ( # NAME SEEDS MODEL WORD...: scores NAME's models, of configuration MODEL, on both streets
    name=$1 count=$2 config=$3
    shift 3
    for on in 2-lane 3-lane; do
        mkdir -p "$out/$name-on-$on"
        cp "$out/$name"/model-seed*.safetensors "$out/$name/config.yaml" "$out/$name-on-$on"
        # shellcheck disable=SC2046
        go evaluate "$config" "$name-on-$on" "seeds=$count" $(street "$on") "$@"
    done
)
shift_() {
    for own in 2-lane 3-lane; do
        mkdir -p "$out/street/$own"
        share "$out/street/$own"
        awk -F, -v own=$own 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "scene") c = i } NR == 1 || $c == own' "$data/scenario.csv" >"$out/street/$own/scenario.csv"
    done
    for own in 2-lane 3-lane; do
        # shellcheck disable=SC2046
        go train yardstick "shift/constant-$own" model.kind=constant model.constant_by=mpr data.window.stride=1 $(street $own)
        on_both "shift/constant-$own" 1 yardstick model.kind=constant data.window.stride=1
        # shellcheck disable=SC2046
        go train street_v1_teacher "shift/teacher-$own" $(street $own)
        on_both "shift/teacher-$own" 1 street_v1_teacher
    done
    for from in 2-lane:3-lane 3-lane:2-lane 2-lane:2-lane 3-lane:3-lane; do
        of=${from%:*} to=${from#*:}
        for variant in none kd-both rkd-both; do
            [ "$of" != "$to" ] || [ $variant != none ] || continue # it has no teacher
            name=shift/$variant-of-$of-student-$to
            # shellcheck disable=SC2046
            student "$name" "$few" $variant $(recipe $variant) $(street "$to") "distill.teacher=$out/shift/teacher-$of/model-seed1.safetensors" \
                "distill.cache=$out/shift/answers-$of-$to.safetensors"
            on_both "$name" "$few" street_v1_student
        done
    done
}

faults() {
    for run in ${FAULTY:-student-none student-kd-both student-rkd-both point-none}; do
        count=$few model=
        case $run in
        student-*) count=$seeds ;;
        point-*) model=model.kind=point-student ;;
        esac
        for fault in lost=0.1 lost=0.3 lost=0.5 false=10 false=50; do
            name=faults/$run-$fault
            mkdir -p "$out/$name"
            cp "$out/$run"/model-seed*.safetensors "$out/$run/config.yaml" "$out/$name"
            # shellcheck disable=SC2086
            tested "$name" "$count" "evaluate.radar_$fault" $model
        done
    done
}

# Why: looked at on validation alone.
why() {
    judge() { # NAME WORD...: of a trained run
        name=$1
        shift
        go evaluate street_v1_student "$name" "seeds=$few" evaluate.part=validation "$@"
    }
    # shellcheck disable=SC2046
    plain=$(recipe none)
    for smoothing in 0 0.05 0.1 0.2; do
        # shellcheck disable=SC2086
        go train ../street_v1_point_student "why/smoothing$smoothing" "seeds=$few" model.kind=student model.parameters=600000 train.epochs=10 \
            train.loss.kind=cross-entropy "train.loss.label_smoothing=$smoothing" $plain
        judge "why/smoothing$smoothing"
    done
    for frames in 1 3 5; do
        # shellcheck disable=SC2086
        go train ../street_v1_point_student "why/frames$frames" "seeds=$few" model.kind=student model.parameters=600000 train.epochs=10 $plain \
            "data.window.frames=$frames" data.window.behind=4
        judge "why/frames$frames" "data.window.frames=$frames" data.window.behind=4
    done
    # half the training episodes: a recording of its own, too
    mkdir -p "$out/street/half"
    share "$out/street/half"
    cat "$out/split/all-0.5"/train.csv "$out/split/all-0.5"/validation.csv "$out/split/all-0.5"/test.csv |
        awk -F, 'NR == FNR { kept[$1] = 1; next } FNR == 1 { for (i = 1; i <= NF; i++) if ($i == "index") c = i } FNR == 1 || $c in kept' - "$data/scenario.csv" \
            >"$out/street/half/scenario.csv"
    for variant in none kd-both rkd-both; do
        # shellcheck disable=SC2046
        student "why/whole-$variant" "$few" $variant $(recipe $variant)
        judge "why/whole-$variant"
        # shellcheck disable=SC2046
        student "why/half-$variant" "$few" $variant $(recipe $variant) "data.sources.0.root=$out/street/half" $(split all 0.5) "distill.cache=$out/why/answers-half.safetensors"
        # shellcheck disable=SC2046
        judge "why/half-$variant" "data.sources.0.root=$out/street/half" $(split all 0.5)
    done
    # a teacher that sees what the student sees
    go train street_v1_teacher why/teacher-radar 'model.modalities=[radar]' train.optimizer.lr=3.0e-4
    go evaluate street_v1_teacher why/teacher-radar 'model.modalities=[radar]' evaluate.part=validation
    for variant in kd-both rkd-both; do
        # shellcheck disable=SC2046
        student "why/radar-teacher-$variant" "$few" $variant $(recipe $variant) "distill.teacher=$out/why/teacher-radar/model-seed1.safetensors" "distill.cache=$out/why/answers-radar.safetensors"
        judge "why/radar-teacher-$variant"
    done
}

tables() {
    # page NAME FOLDER PATTERN... [-- OPTION...]: of the runs that are there
    page() (
        name=$1 folder=$2 runs=
        shift 2
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
            [ ! -e "$1/results.json" ] || runs="$runs $1"
            shift
        done
        [ $# -eq 0 ] || shift
        # shellcheck disable=SC2086
        [ -z "$runs" ] || "$root/tools/results/by_scene.py" "$folder" $runs "$@" >"$name"
    )
    cd "$out"
    own="scene-constant=scene-constant-2-lane,scene-constant-3-lane"
    page table2.md "$data" random constant radar-knn radar-rule oracle-hold teacher student-none student-kd-* student-rkd-* -- --scenes --gap student-none teacher
    page floor.md "$data" student-none student-kd-both student-rkd-both point-* teacher -- "$own" --scenes --minus scene-constant
    page paper.md "$data" paper-* teacher -- --scenes --gap paper-none teacher
    page points.md "$data" point-* teacher -- --scenes --gap point-none teacher
    page points12.md "$data" point12-* teacher -- --scenes --gap point12-none teacher
    page table3.md "$data" size* -- --scenes
    for scene in 2-lane 3-lane; do
        page table4-$scene.md street/$scene shift/*-on-$scene
    done
    page faults.md "$data" faults/*
    page why.md "$data" why/[!h]*
    page why-half.md street/half why/half-*
    cat table2.md
}

for step in $steps; do
    case $step in
    shift) shift_ ;;
    yardsticks | teacher | search | students | paper | points | points12 | sizes | faults | why | tables) $step ;;
    *) echo "STEPS has '$step'; it may have yardsticks teacher search students paper points points12 sizes shift faults why tables" >&2 && exit 2 ;;
    esac
done
