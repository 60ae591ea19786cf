#!/bin/sh
# check-onnx.sh WRITER ROOT: operators and models as ONNX in ONNX Runtime. PYTHON: which python3 has onnx and onnxruntime.
set -eu
python=${PYTHON:-python3}
"$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null || { echo "skipped: $python has no onnx and onnxruntime (set PYTHON)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$work"
"$python" "$2/tools/peer/check_onnx.py" "$work"
