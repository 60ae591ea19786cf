#!/bin/sh
# many_streets.sh [OUT]: learned on many generated streets, tested on those of street_v1_generated: constant beam, radar rule, nearest neighbour, the
# point-student, and the point-student that also saw street-v1, or the first windows of each new street. Writes OUT/table.md.
# Environment: BEAMCUE the program; YARDSTICKS; MANY, UNSEEN, STREET_V1 the recordings (data/street_many, ...); SEEDS (5); SHOTS of each street (10 20).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${BEAMCUE:-$root/build/release/beamcue}")
out=${1:-out/many_streets}
many=$(realpath "${MANY:-data/street_many}")
unseen=$(realpath "${UNSEEN:-data/street_v1_generated}")
street_v1=$(realpath "${STREET_V1:-data/street_v1}")
seeds=${SEEDS:-5}
config=$root/configs/crkd/many_streets.yaml
mkdir -p "$out"
"$root/tools/results/split_by_scene.py" "$many" "$out/split" 0.133

# go VERB NAME SETTING...
go() {
    verb=$1 name=$2
    shift 2
    set -- "$verb" "$config" --set "name=$name" --set "out=$out/$name" --set "seeds=$seeds" "$@"
    echo "== $name: $verb"
    "$program" "$@" >"$out/$name-$verb.txt" 2>&1
}
learn() { # NAME SETTING...
    name=$1
    shift
    go train "$name" --set "data.sources.0.root=$many" --set "split.train_csv=$out/split/train.csv" --set "split.validation_csv=$out/split/validation.csv" --set "split.test_csv=$out/split/test.csv" "$@"
}
test_on_unseen() { # NAME SETTING...: all windows but those of one episode, which the split wants for training
    name=$1
    shift
    go evaluate "$name" --set "data.sources.0.root=$unseen" --set split.kind=episode --set split.train=0.02 --set split.validation=0 --set split.test=0.98 "$@"
}

for kind in ${YARDSTICKS-constant radar-knn radar-rule}; do
    frame=ground
    [ "$kind" = radar-rule ] && frame=sensor
    learn "many-$kind" --set "model.kind=$kind" --set model.constant_by=mpr --set "features.radar.points_frame=$frame" --set seeds=1
    test_on_unseen "many-$kind" --set "model.kind=$kind" --set model.constant_by=mpr --set "features.radar.points_frame=$frame" --set seeds=1
done
learn many-student
test_on_unseen many-student
# Both: shares of episodes, as rows of two recordings cannot be listed by one index; the last epoch is kept.
go train both-student --set "data.sources=[{root: $many, radar_pose: [4, -10]}, {root: $street_v1, radar_pose: [5, 0]}]" --set split.kind=episode \
    --set split.train=0.95 --set split.validation=0.05 --set split.test=0 --set train.select=last
test_on_unseen both-student
# The first windows of every new street; all students are tested on its later episodes.
for shots in ${SHOTS:-10 20}; do
    for from in zero many none; do
        name=shots$shots-$from
        set -- --set "data.sources.0.root=$unseen" --set split.kind=few-shot --set "split.shots=$shots" --set split.train=0.9 --set split.validation=0 --set split.test=0.1 \
            --set train.select=last --set train.epochs=10
        if [ "$from" = zero ]; then
            mkdir -p "$out/$name"
            cp "$out"/many-student/model-seed*.safetensors "$out/many-student/config.yaml" "$out/$name"
            go evaluate "$name" "$@"
            continue
        fi
        if [ "$from" = many ]; then
            set -- "$@" --set "train.init=$out/many-student/model-seed1.safetensors" --set train.optimizer.lr=2.0e-4
        fi
        go train "$name" "$@"
        go evaluate "$name" "$@"
    done
done
"$root/tools/results/by_scene.py" "$unseen" "$out/many-constant" "$out/many-radar-rule" "$out/many-radar-knn" "$out/many-student" "$out/both-student" --unit scene --minus many-constant >"$out/table.md"
for shots in ${SHOTS:-10 20}; do
    "$root/tools/results/by_scene.py" "$unseen" "$out/shots$shots-zero" "$out/shots$shots-many" "$out/shots$shots-none" --unit scene --minus "shots$shots-zero" >>"$out/table.md"
done
cat "$out/table.md"
