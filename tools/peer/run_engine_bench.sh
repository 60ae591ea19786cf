#!/bin/sh
# run_engine_bench.sh [BUILD-FOLDER]: builds the engine's benchmark, compares it with PyTorch and ONNX Runtime in the same run, and writes
# docs/results/engine_speed.md. Needs python3 with torch, onnx and onnxruntime. THREADS (2), ROUNDS (15) and CPU_ROUNDS (7) may be set.
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja
ninja -C "$build" bench_engine
mkdir -p docs/results
bench=$(find "$build" -name bench_engine -type f)
peer() {
    python3 tools/peer/bench_torch.py "$bench" --command "tools/peer/run_engine_bench.sh" --markdown docs/results/engine_speed.md "$@"
}
peer --threads "${THREADS:-2}" --rounds "${ROUNDS:-15}"
peer --threads 1 --cpu --rounds "${CPU_ROUNDS:-7}" --append
cat docs/results/engine_speed.md
