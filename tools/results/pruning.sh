#!/usr/bin/env bash
# DBA and latency against the share of parameters that is left (paper A, Fig. 6 a and b), and what they are compared with.
# make results-pruning, or
# Usage: pruning.sh BEAMCUE CONFIG.yaml OUT_DIR [STEP...]; CONFIG is a BeamTransFuser; steps (all by default, each skips what is there):
#   base         the unpruned model, SEEDS seeds (3)
#   progressive  KL scores, phase by phase, at six ratios        one-shot   the same, at once
#   scores       magnitude, random, taylor at 0.7 and 0.5, one-shot
#   controls     at 0.5: the unpruned model trained on for as many epochs, and the pruned shape from scratch for as many as base and
#                pruning took together
# OF: total (default) or fusion. EPOCHS: of fine-tuning per phase (10). RATIOS: of progressive and one-shot, SCORE_RATIOS of the
# other scores. AGREEMENT=false: not how far two scores
# agree. BENCH=false: times nothing. pruning_small.sh has a plan of minutes. Every run is evaluated, and seed 1 timed by beamcue bench.
#
# Epochs to plan for, with E of base and 40 of fine-tuning for each pruned model (four phases; three with OF=fusion): per seed
# E + 6 40 + 6 40 + 6 40 + (40 + E + 40), for three seeds 2400 + 6 E. Multiply by the seconds of one epoch. For the model of
# docs/results/missing.md (659 training samples, `tiny`, E = 12; 22.8 s per epoch, measured on a busy machine) that is 2472 epochs, 15.6 h.
set -euo pipefail
beamcue=${1:?program}
config=${2:?configuration}
out=${3:?folder for results}
shift 3
steps=${*:-base progressive one-shot scores controls}
seeds=${SEEDS:-3}
of=${OF:-total}
epochs=${EPOCHS:-10}
phases=4
[ "$of" = total ] || phases=3
ratios=${RATIOS:-[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]}
common=(--set "seeds=$seeds" --quiet)

# Score a configuration's models, once; time the first one.
score() { # FOLDER CONFIG
    [ -f "$1/results.json" ] || "$beamcue" evaluate "$2" --set "out=$1" --quiet >"$1/evaluate.txt"
    [ "${BENCH:-true}" = false ] || [ -f "$1/bench.txt" ] || "$beamcue" bench "$1/model-seed1.safetensors" >"$1/bench.txt"
}

prune() { # NAME RATIOS setting...
    local name=$1 list=$2
    shift 2
    local sets=() s folder
    for s in "$@"; do sets+=(--set "$s"); done
    mkdir -p "$out/$name"
    for s in $(seq "$seeds"); do
        ln -sf "../base/model-seed$s.safetensors" "$out/$name/model-seed$s.safetensors"
    done
    [ -f "$out/$name/phases.txt" ] || "$beamcue" prune "$config" "${common[@]}" --set "name=$name" --set "out=$out/$name" \
        --set "prune.ratios=$list" --set "prune.of=$of" --set "prune.epochs=$epochs" "${sets[@]}" >"$out/$name/phases.part"
    [ ! -f "$out/$name/phases.part" ] || mv "$out/$name/phases.part" "$out/$name/phases.txt"
    for folder in "$out/$name/prune-$of-"*; do
        score "$folder" "$folder/config.yaml"
    done
}

for step in $steps; do
    case $step in
    base)
        mkdir -p "$out/base"
        "$beamcue" train "$config" "${common[@]}" --set name=base --set "out=$out/base" --set train.resume=true >"$out/base/train.txt"
        score "$out/base" "$out/base/config.yaml"
        ;;
    progressive) prune progressive "$ratios" prune.phases=progressive "prune.agreement=${AGREEMENT:-true}" ;;
    one-shot) prune one-shot "$ratios" prune.phases=one-shot ;;
    scores)
        for kind in magnitude random taylor; do
            prune "$kind" "${SCORE_RATIOS:-[0.7, 0.5]}" prune.phases=one-shot "prune.score=$kind"
        done
        ;;
    controls)
        base_epochs=$(sed -n 's/^  epochs: \([0-9]*\).*/\1/p' "$out/base/config.yaml" | head -n 1)
        for s in $(seq "$seeds"); do
            "$beamcue" train "$config" --quiet --set name=trained-on --set "out=$out/trained-on" --set "seed=$s" --set seeds=1 \
                --set "train.init=$out/base/model-seed$s.safetensors" --set "train.epochs=$((phases * epochs))" --set train.resume=true >/dev/null
            "$beamcue" train "$out/progressive/prune-$of-0.5/shape-seed$s.yaml" --quiet --set name=scratch --set "out=$out/scratch" \
                --set "train.epochs=$((base_epochs + phases * epochs))" --set train.resume=true >/dev/null
        done
        for name in trained-on scratch; do
            "$beamcue" evaluate "$out/base/config.yaml" --set "name=$name" --set "out=$out/$name" --quiet >"$out/$name/evaluate.txt"
        done
        ;;
    *)
        echo "pruning.sh: no step '$step'"
        exit 2
        ;;
    esac
done
