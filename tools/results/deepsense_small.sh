#!/bin/bash
# deepsense_small.sh [DATA] [OUT]: BeamTransFuser `small` on twenty simulated recordings: recordings 1 to 17 train and choose, 18 to 20 (18 streets that nobody has seen, noon
# and night) test. First the fixes alone, then all sensors from there on, and the yardsticks on two fixes.
# Environment: BEAMCUE the program; FIX_EPOCHS (30), EPOCHS (10), SEEDS (1); SETTINGS: more settings for the run with all sensors.
# About 25 minutes of processor time and 10 GB for the recordings, then hours.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${BEAMCUE:-$root/build/release/beamcue}")
data=$(realpath -m "${1:-data}")
out=$(realpath -m "${2:-out/deepsense_small}")
mkdir -p "$data" "$out"

sources=
for recording in $(seq 1 20); do
    folder=$data/deepsense_like_train_$recording
    sources="$sources${sources:+, }{name: scenario$recording, root: $folder}"
    [ -d "$folder" ] && continue
    seeds=()
    for scene in 0 1 2 3 4 5; do
        seeds+=(--set "scenes.$scene.seed=$((10 * (recording - 1) + scene + 1))")
    done
    "$program" simulate "$root/configs/deepsense_like_train.yaml" --set "output=$folder" "${seeds[@]}"
done

# go NAME SETTING...: trained and scored; finished ones are left alone
go() {
    local name=$1
    shift
    [ -f "$out/$name.txt" ] && return
    local settings=(--set "data.sources=[$sources]" --set "data.cache=$data/cache" --set 'split.test_scenarios=[18, 19, 20]' --set split.train=0.9 --set split.validation=0.1
        --set "seeds=${SEEDS:-1}" --set "name=$name" --set "out=$out/$name" "$@")
    "$program" train "$root/configs/deepsense_like_small.yaml" "${settings[@]}" --set train.resume=true
    "$program" evaluate "$root/configs/deepsense_like_small.yaml" "${settings[@]}" >"$out/$name.tmp"
    mv "$out/$name.tmp" "$out/$name.txt"
}

blind=(--set train.modality_dropout.gps=0 --set features.camera.enabled=false --set features.lidar.enabled=false --set features.radar.enabled=false)
go knn "${blind[@]}" --set model.kind=position-knn --set features.augment.flip=0
go mlp "${blind[@]}" --set model.kind=position-mlp --set data.gps_frames=1 --set train.epochs=60 --set train.optimizer.lr=1e-3
go fixes "${blind[@]}" --set 'model.modalities=[gps]' --set "train.epochs=${FIX_EPOCHS:-30}" --set train.optimizer.lr=7e-4
# shellcheck disable=SC2086
go small --set "train.init=$out/fixes/model-seed1.safetensors" --set "train.epochs=${EPOCHS:-10}" ${SETTINGS:-}
tail -n +1 "$out"/*.txt
