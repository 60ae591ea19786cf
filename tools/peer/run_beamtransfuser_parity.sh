#!/bin/sh
# run_beamtransfuser_parity.sh [BUILD-FOLDER]: BeamTransFuser against PyTorch in double, tensor by tensor, and the report
# docs/results/beamtransfuser_parity.md. CASES says which, as PRESET:BATCH ("small:1 small:2 full:1 full:2"), WORK where the reference values
# lie (several gigabytes for `full`; values that are there are used again), PYTHON which python3 with torch and numpy.
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
work=${WORK:-$build/parity}
python=${PYTHON:-python3}
report=${REPORT:-docs/results/beamtransfuser_parity.md}
cmake --build "$build" --target parity_beamtransfuser
mkdir -p "$work" "$(dirname "$report")"
failed=0
{
    echo "# BeamTransFuser against PyTorch"
    echo
    echo "\`CASES=\"${CASES:-small:1 small:2 full:1 full:2}\" tools/peer/run_beamtransfuser_parity.sh\`, commit $(git rev-parse --short HEAD),"
    echo "$(date -u '+%Y-%m-%d %H:%M') UTC, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores,"
    echo "PyTorch $("$python" -c 'import torch; print(torch.__version__)')."
    echo
    echo "The module of tools/peer/beamtransfuser.py in float64 against the same weights and inputs in beamcue, dropout off. Error of a tensor:"
    echo "||a - b|| / ||b||. Outputs are the logits and what leaves each of the four stages in each branch. *inference plan*: without gradients, with"
    echo "batch norm folded and chains fused; *inference*: batch norm by its running statistics, with gradients; *training*: by the batch's."
    echo "Zero: key biases of attention, whose exact gradient is zero, as a share of the norm of all gradients. PyTorch's own float32 is beside it."
    echo "Held: double within 1e-8 everywhere; float32 outputs, loss and running statistics within 1e-5, zero within 1e-6, gradients within 1e-3 in"
    echo "inference mode; in training mode their median within twice that of PyTorch's float32 and the worst within 5e-2."
} >"$report"
for one in ${CASES:-small:1 small:2 full:1 full:2}; do
    preset=${one%:*}
    batch=${one#*:}
    values=$work/$preset-$batch.safetensors
    [ -f "$values" ] || "$python" tools/peer/parity_beamtransfuser.py "$preset" "$batch" "$values.part"
    [ -f "$values" ] || mv "$values.part" "$values"
    {
        printf '\n## %s, batch %s\n\n' "$preset" "$batch"
        echo "| engine | mode | outputs (worst) | loss | running | gradients, median | worst | zero | tensors | seconds | held |"
        echo "|---|---|---|---|---|---|---|---|---|---|---|"
    } >>"$report"
    for engine in double onednn; do
        "$build"/tests/models/parity_beamtransfuser "$values" "$engine" >>"$report" || failed=1
    done
done
cat "$report"
exit $failed
