#!/usr/bin/env python3
"""check_onnx.py DIR: every DIR/NAME.onnx in ONNX Runtime on the inputs of DIR/NAME.safetensors ("in|..."), against what beamcue made of
them ("out|..."). The error of an output is ||a - b|| / ||b||; it must be at most 1e-4. Exits 77 when onnx or onnxruntime is not installed.
"""
import json
import pathlib
import struct
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

LIMIT = 1e-4
DTYPES = {"F32": np.float32, "I32": np.int32}


def load_values(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: np.frombuffer(data, DTYPES[e["dtype"]], offset=8 + size + e["data_offsets"][0],
                                count=int(np.prod(e["shape"]))).reshape(e["shape"])
            for name, e in header.items() if name != "__metadata__"}


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    values = load_values(path.with_suffix(".safetensors"))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = {i.name: values["in|" + i.name] for i in session.get_inputs()}
    worst = 0.0
    for output, found in zip(session.get_outputs(), session.run(None, inputs)):
        expected = values["out|" + output.name]
        if found.shape != expected.shape:
            raise ValueError(f"{path.name}: {output.name} is {found.shape}, expected {expected.shape}")
        worst = max(worst, float(np.linalg.norm(found.astype(np.float64) - expected) / max(np.linalg.norm(expected), 1e-12)))
    if not worst <= LIMIT:
        raise ValueError(f"{path.name}: error {worst:.3g}, over {LIMIT}")
    return worst


def main():
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    failures, worst = 0, 0.0
    for path in files:
        try:
            error = check(path)
            worst = max(worst, error)
            if path.name.startswith("model-"):
                print(f"{path.name}: {error:.2e}")
        except Exception as failure:  # every file is looked at
            failures += 1
            print(failure)
    print(f"{len(files)} files, {failures} failures, worst error {worst:.2e}, ONNX Runtime {onnxruntime.__version__}")
    sys.exit(failures > 0 or not files)


if __name__ == "__main__":
    main()
