#!/bin/sh
# crkd.sh [OUT]: the experiments of cross-modal distillation on one recording, from teacher to table: yardsticks, teacher, students of every
# variant. Writes OUT/table.md. Environment: BEAMCUE the program; CRKD_DATA the recording (data/paper_b); CRKD_SEEDS (10);
# CRKD_RECIPE paper, tuned, or config for what the configurations say; CRKD_TEACHER full, small, or another configuration of configs/crkd;
# CRKD_STUDENT_CONFIG (student); CRKD_STUDENT its number of weights; CRKD_VARIANTS; CRKD_SET more settings, one word each.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${BEAMCUE:-$root/build/release/beamcue}")
out=${1:-out/crkd}
data=$(realpath "${CRKD_DATA:-data/paper_b}")
seeds=${CRKD_SEEDS:-10}
teacher=${CRKD_TEACHER:-small}
student=${CRKD_STUDENT:-780000}
variants=${CRKD_VARIANTS:-none kd-mid kd-end kd-both rkd-mid rkd-end rkd-both}
case ${CRKD_RECIPE:-tuned} in
paper | config) recipe= ;;
tuned) recipe='train.optimizer.kind=adamw train.optimizer.lr=0.001 train.optimizer.schedule=cosine train.optimizer.weight_decay=0.01' ;;
*) echo "CRKD_RECIPE is '$CRKD_RECIPE', expected paper, tuned or config" >&2 && exit 2 ;;
esac
mkdir -p "$out"

# go VERB CONFIG NAME SETTING...
go() {
    verb=$1 config=$2 name=$3
    shift 3
    set -- "$verb" "$root/configs/crkd/$config.yaml" --set "out=$out/$name" --set "name=$name" --set "data.sources.0.root=$data" "$@"
    for setting in ${CRKD_SET:-}; do
        set -- "$@" --set "$setting"
    done
    echo "== $name: $verb"
    "$program" "$@" >"$out/$name-$verb.txt"
}
settings() { # words as --set WORD ...
    for setting in $1; do printf ' --set %s' "$setting"; done
}

for kind in random constant radar-knn radar-rule oracle-hold oracle-sweep; do
    for verb in train evaluate; do
        go $verb yardstick "$kind" --set "model.kind=$kind" --set model.constant_by=mpr
    done
done
case $teacher in
full) config=teacher ;;
small) config=teacher_small ;;
*) config=$teacher ;;
esac
for verb in train evaluate; do
    # shellcheck disable=SC2046
    go $verb "$config" teacher $(settings "$recipe")
done
for variant in $variants; do
    for verb in distill evaluate; do
        # shellcheck disable=SC2046
        go $verb "${CRKD_STUDENT_CONFIG:-student}" "student-$variant" --set "seeds=$seeds" --set "model.parameters=$student" --set "distill.variant=$variant" \
            --set "distill.teacher=$out/teacher/model-seed1.safetensors" --set "distill.cache=$out/teacher-answers.safetensors" \
            $(settings "$recipe")
    done
done

# Every percentile rank stands beside dB and the share within 1 dB; then the same where the best beam has changed.
# shellcheck disable=SC2046
"$root/tools/results/table.py" "$out" mpr loss_db within_1db top_1 top_5 top_10 rss_db vehicle_rss_db vehicle_worst_db vehicle_outage \
    -- random constant radar-knn radar-rule oracle-hold oracle-sweep teacher $(for v in $variants; do echo "student-$v"; done) >"$out/table.md"
cat "$out/table.md"
