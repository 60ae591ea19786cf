#!/usr/bin/env bash
# The position-only table on DeepSense 6G scenarios 1-6: LUT, KNN and the network, published protocol (20 seeded 81/19 splits of rows) and
# 5 folds over sequences. Usage: position_table.sh BEAMCUE OUT_DIR [random|folds]
set -euo pipefail
beamcue=${1:?program}
out=${2:?folder for results}
protocols=${3:-random folds}
config=configs/deepsense_position.yaml
bins=(0 62 40 27 22 30 33)      # published best cells per axis
neighbours=(0 5 24 65 28 9 5)   # published best K

run() { # NAME extra settings...
    local name=$1
    shift
    local sets=()
    local s
    for s in "$@"; do sets+=(--set "$s"); done
    "$beamcue" train "$config" --quiet --set "name=$name" --set "out=$out/$name" "${sets[@]}" >/dev/null
    "$beamcue" evaluate "$config" --quiet --set "name=$name" --set "out=$out/$name" "${sets[@]}" >"$out/$name.txt"
    find "$out/$name" -name '*.safetensors' -delete
}

mkdir -p "$out"
for protocol in $protocols; do
    for scenario in ${SCENARIOS:-1 2 3 4 5 6}; do
        shared=("data.sources.0.prefix=scenario$scenario")
        if [ "$protocol" = folds ]; then
            shared+=("seeds=${FOLD_SEEDS:-3}" split_follows_seed=false cross_validate=true split.kind=episode split.folds=5 features.position.fit_all=false split.validation=0)
        fi
        run "lut-$protocol-$scenario" model.kind=position-lut "model.lut_bins=${bins[$scenario]}" "${shared[@]}"
        run "knn-$protocol-$scenario" model.kind=position-knn "model.neighbours=${neighbours[$scenario]}" "${shared[@]}"
        run "mlp-$protocol-$scenario" model.kind=position-mlp "${shared[@]}"
    done
done
