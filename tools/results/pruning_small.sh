#!/usr/bin/env bash
# The comparison of prunings (tools/results/pruning.sh) cut down: a small network on a small simulated street. docs/results/pruning.md says what
# was made with it, and what it took.
# Usage: pruning_small.sh BEAMCUE OUT_DIR [STEP...], in the repository's root; steps as of pruning.sh. SEEDS (3), EPOCHS (1, of fine-tuning per
# phase), RATIOS and SCORE_RATIOS ("[0.7, 0.5]") may be set. What is there is not made again. Ends with OUT_DIR/table.md, OUT_DIR/compare.txt and
# OUT_DIR/fig6.svg. Times are sums of the medians of layers (beamcue bench --layers), which a busy machine changes less than whole windows, the
# least of three rounds in which all models take turns.
# Epochs of the default plan, per seed: 12 of base, 4 for each of 10 pruned models, 4 and 16 of the controls: 72. Exact KL scores take as long again.
set -euo pipefail
beamcue=${1:?program}
out=${2:?folder for results}
shift 2
here=$(dirname "$0")
export RATIOS=${RATIOS:-[0.7, 0.5]} SCORE_RATIOS=${SCORE_RATIOS:-[0.7, 0.5]} EPOCHS=${EPOCHS:-1} SEEDS=${SEEDS:-3} AGREEMENT=false BENCH=false
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1

[ -d data/pruning_street ] ||
    "$beamcue" simulate configs/street_demo.yaml --set episodes=40 --set output=data/pruning_street --jobs 1 --quiet
"$here/pruning.sh" "$beamcue" configs/pruning_tiny.yaml "$out" "$@"

for round in 1 2 3; do
    for model in "$out"/base/model-seed1.safetensors "$out"/*/prune-total-*/model-seed1.safetensors; do
        [ -f "${model%/*}/results.json" ] || continue
        "$beamcue" bench "$model" --layers --runs 30 --json >"${model%/*}/layers-$round.json"
    done
done

# Every pruned model against the unpruned one, progressive against each other way at its ratio and against the controls.
list=$out/compare.yaml
echo "runs: {unpruned: $out/base" >"$list"
for folder in "$out"/*/prune-total-* "$out/trained-on" "$out/scratch"; do
    [ -f "$folder/results.json" ] && echo ", $(basename "$(dirname "$folder")" | tr _ -)-$(basename "$folder"): $folder" >>"$list"
done
printf '}\ncomparisons:\n' >>"$list"
base=$(basename "$out" | tr _ -)
against() { # A B
    if grep -q "[ ,]$1: " "$list" && grep -q "[ ,{]$2: " "$list"; then
        echo "  - {a: $1, b: $2, metrics: [dba]}" >>"$list"
    fi
}
for ratio in 0.7 0.5; do
    for kind in progressive one-shot magnitude random taylor; do
        against "$kind-prune-total-$ratio" unpruned
    done
    for kind in one-shot magnitude random taylor; do
        against "progressive-prune-total-$ratio" "$kind-prune-total-$ratio"
    done
done
against progressive-prune-total-0.5 "$base-trained-on"
against progressive-prune-total-0.5 "$base-scratch"
"$beamcue" compare "$list" >"$out/compare.txt"
python3 "$here/pruning_table.py" "$out" >"$out/table.md"
echo "wrote $out/table.md, $out/compare.txt and $out/fig6.svg"
