#!/usr/bin/env bash
# Camera, and camera + position, on DeepSense 6G scenario 5: the published split with 32 and with 64 beams, then 5 folds over sequences.
# Usage: scenario5.sh BEAMCUE OUT_DIR [published32] [published64] [folds32] [folds64]   (default: all; hours of CPU)
set -euo pipefail
beamcue=${1:?program}
out=${2:?folder for results}
shift 2
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(published32 published64 folds32 folds64)

run() { # NAME CONFIG settings...
    local name=$1 config=$2 sets=() s started
    shift 2
    started=$(date +%s)
    for s in "$@"; do sets+=(--set "$s"); done
    sets+=(--set "name=$name" --set "out=$out/$name" --set train.resume=true)
    "$beamcue" train "$config" --quiet "${sets[@]}" >"$out/$name-train.txt"
    "$beamcue" evaluate "$config" --quiet "${sets[@]}" >"$out/$name.txt"
    echo "$name: $(($(date +%s) - started)) s" >>"$out/durations.txt"
}

mkdir -p "$out"
for part in "${parts[@]}"; do
    case $part in
    *32) beams=(data.beam_step=2) ;;
    *64) beams=(data.beam_step=1) ;;
    *) echo "unknown part $part" >&2 && exit 2 ;;
    esac
    split=()
    # 64 beams and folds: a quarter of the channels. On validation rows it is no worse (docs/results/scenario5.md), at a thirteenth of the cost.
    [[ $part == published64 ]] && split=(model.width=16 threads=1)
    if [[ $part == folds* ]]; then
        split=(split.kind=episode split.folds=5 split.train=0.65 split.validation=0.15 split.test=0.2 cross_validate=true split.allow_leak=false
            model.width=16 threads=1)
    fi
    for model in camera camera_position; do
        run "$part-$model" "configs/scenario5_$model.yaml" "${beams[@]}" "${split[@]}"
    done
    # Position alone and the look-ups on the same split, for the same table.
    for kind in position-mlp position-lut position-knn constant majority random; do
        run "$part-$kind" configs/scenario5_camera_position.yaml "${beams[@]}" "${split[@]}" "model.kind=$kind" threads=1 \
            model.lut_bins=30 model.neighbours=9
    done
    "$beamcue" compare "$out/$part-camera_position" "$out/$part-camera" "$out/$part-position-mlp" \
        --metric top_1 --metric dba --metric loss_db --html "$out/$part-compare.html" >"$out/$part-compare.txt"
done
