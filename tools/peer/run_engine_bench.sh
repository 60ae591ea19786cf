#!/bin/sh
# run_engine_bench.sh [BUILD-FOLDER]: builds the engine's benchmark, compares it with PyTorch, ONNX Runtime and OpenVINO in the same run, and writes
# docs/results/engine_speed.md (ResNets), beamtransfuser_speed.md (the full network) and beamtransfuser_layers.txt and .svg (where its time goes).
# Needs python3 (or PYTHON) with torch, onnx, onnxruntime and openvino, and an idle machine. THREADS (2), ROUNDS (15) and CPU_ROUNDS (7) may be set.
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
python=${PYTHON:-python3}
threads=${THREADS:-2}
rounds=${ROUNDS:-15}
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja
ninja -C "$build" bench_engine
mkdir -p docs/results
bench=$(find "$build" -name bench_engine -type f)
full() {
    "$python" tools/peer/bench_beamtransfuser.py "$bench" --command "tools/peer/run_engine_bench.sh" --markdown docs/results/beamtransfuser_speed.md "$@"
}
resnet() {
    "$python" tools/peer/bench_torch.py "$bench" --command "tools/peer/run_engine_bench.sh" --markdown docs/results/engine_speed.md "$@"
}
full --threads "$threads" --rounds "$rounds"
full --threads 1 --rounds "${CPU_ROUNDS:-7}" --modes inference --append
"$bench" full 1 layers "$threads" docs/results/beamtransfuser_layers.svg >docs/results/beamtransfuser_layers.txt
resnet --threads "$threads" --rounds "$rounds"
resnet --threads 1 --cpu --rounds "${CPU_ROUNDS:-7}" --append
cat docs/results/beamtransfuser_speed.md docs/results/engine_speed.md
