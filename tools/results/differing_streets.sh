#!/bin/sh
# differing_streets.sh [OUT]: learned on most streets of configs/street_many.yaml, whose roadside units stand and look differently everywhere, tested on its last TESTS
# streets: constant beam, radar rule, nearest neighbour, the point-student. Writes OUT/table.md. Environment: BEAMCUE the program; MANY the recording
# (data/street_many); SEEDS (3); TESTS (25); MORE another recording of such streets, which only trains (absent: none); FEWER numbers of streets that train (27 55);
# OWN numbers of test streets (of 126 .. 150) on which 30 more episodes each are simulated, for a student of that street alone (absent: none).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${BEAMCUE:-$root/build/release/beamcue}")
out=${1:-out/differing_streets}
many=$(realpath "${MANY:-data/street_many}")
seeds=${SEEDS:-3}
mkdir -p "$out"
out=$(realpath "$out")
"$root/tools/results/split_by_scene.py" "$many" "$out/split" 0.133 "${TESTS:-25}"

# go VERB NAME SETTING...
go() (
    verb=$1 name=$2
    shift 2
    set -- "$verb" "$root/configs/crkd/many_streets.yaml" --set "name=$name" --set "out=$out/$name" --set "data.sources.0.root=$many" --set "data.cache=$out/cache" \
        --set "split.train_csv=$out/split/train.csv" --set "split.validation_csv=$out/split/validation.csv" --set "split.test_csv=$out/split/test.csv" "$@"
    echo "== $name: $verb"
    "$program" "$@" >"$out/$name-$verb.txt" 2>"$out/$name-$verb.log"
)
for kind in constant radar-knn radar-rule oracle-hold; do
    frame=ground
    [ "$kind" = radar-rule ] && frame=sensor
    for verb in train evaluate; do
        go $verb $kind --set model.kind=$kind --set model.constant_by=mpr --set features.radar.points_frame=$frame
    done
done
for verb in train evaluate; do
    go $verb student --set "seeds=$seeds"
done
runs=student
for streets in ${FEWER-27 55}; do
    "$root/tools/results/split_by_scene.py" "$many" "$out/split-$streets" 0.133 "${TESTS:-25}" --streets "$streets" >"$out/split-$streets.txt"
    for verb in train evaluate; do
        go $verb "student-$streets" --set "seeds=$seeds" --set "split.train_csv=$out/split-$streets/train.csv"
    done
    runs="$runs student-$streets"
done
if [ -n "${MORE:-}" ]; then
    more=$(realpath "$MORE")
    mkdir -p "$out/more" "$out/split-more"
    for part in "$more"/*; do
        [ "$(basename "$part")" = scenario.csv ] || ln -sfn "$part" "$out/more/$(basename "$part")"
    done
    # rows are told apart by their index, so those of the second recording begin at a million
    awk -F, -v OFS=, 'NR > 1 { $1 += 1000000 } { print }' "$more/scenario.csv" >"$out/more/scenario.csv"
    { cat "$out/split/train.csv" && awk -F, 'NR > 1 { print $1 }' "$out/more/scenario.csv"; } >"$out/split-more/train.csv"
    for kind in constant point-student; do
        for verb in train evaluate; do
            go $verb "more-$kind" --set "seeds=$([ $kind = constant ] && echo 1 || echo "$seeds")" --set model.kind=$kind --set model.constant_by=mpr \
                --set "data.sources=[{root: $many, radar_pose: [4, -10]}, {root: $out/more, radar_pose: [4, -10]}]" --set "split.train_csv=$out/split-more/train.csv"
        done
    done
    runs="$runs more-constant more-point-student"
fi
# shellcheck disable=SC2046
"$root/tools/results/by_scene.py" "$many" "$out/constant" "$out/radar-rule" "$out/radar-knn" $(for run in $runs; do echo "$out/$run"; done) "$out/oracle-hold" --unit scene --minus constant >"$out/table.md"
cat "$out/table.md"

# Each street's own student: other traffic on the same street, 30 episodes to train and 5 to choose on, tested on the street's windows above.
[ -n "${OWN:-}" ] || exit 0
if [ ! -e "$out/own/scenario.csv" ]; then
    scenes=
    for street in $OWN; do
        scenes="$scenes{name: own-$street, seed: $((20271999 + street)), set: {scenery.preset: generated}}, "
    done
    "$program" simulate "$root/configs/street_many.yaml" --set "output=$out/own" --set "scenes=[${scenes%, }]" --set episodes=35 --shard 1/1 --quiet
fi
rows() { # SCENE RECORDING CONDITION: indices of rows of a scene; e counts its episodes
    echo index
    awk -F, -v scene="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["scene"] == scene { if ($at["seq_index"] != last) { e++; last = $at["seq_index"] } if ('"$3"') print $at["index"] }' "$2/scenario.csv"
}
for street in $OWN; do
    folder=$out/split-own-$street
    mkdir -p "$folder"
    rows "own-$street" "$out/own" 'e <= 30' >"$folder/train.csv"
    rows "own-$street" "$out/own" 'e > 30 && e < 35' >"$folder/validation.csv"
    rows "own-$street" "$out/own" 'e == 35' >"$folder/unused.csv"
    rows "street-$street" "$many" 1 >"$folder/test.csv"
    for kind in constant scratch tuned; do
        case $kind in
        constant) set -- --set model.kind=constant --set model.constant_by=mpr --set seeds=1 ;;
        scratch) set -- --set train.epochs=60 --set train.batch=32 --set "seeds=$seeds" ;;
        tuned) set -- --set train.epochs=20 --set train.batch=32 --set "seeds=$seeds" --set "train.init=$out/student/model-seed1.safetensors" --set train.optimizer.lr=2.0e-4 ;;
        esac
        go train "own-$kind-$street" "$@" --set "data.sources.0.root=$out/own" --set "split.train_csv=$folder/train.csv" \
            --set "split.validation_csv=$folder/validation.csv" --set "split.test_csv=$folder/unused.csv"
        go evaluate "own-$kind-$street" "$@" --set "split.test_csv=$folder/test.csv"
    done
done
all() { # KIND: its runs on all these streets as one
    echo "own-$1=$(for street in $OWN; do echo "$out/own-$1-$street"; done | paste -sd,)"
}
"$root/tools/results/by_scene.py" "$many" "$out/constant" "$out/student" "$(all constant)" "$(all scratch)" "$(all tuned)" --unit scene --common --minus own-scratch \
    >"$out/own.md"
cat "$out/own.md"
