#!/usr/bin/env python3
"""check_onnx.py DIR: every DIR/NAME.onnx in ONNX Runtime on the inputs of DIR/NAME.safetensors ("in|..."), against what beamcue made of
them ("out|..."). The error of an output is ||a - b|| / ||b||; it must be at most 1e-4. Files int8-*.onnx are networks in 8 bits (QDQ).
Values on the border of two levels fall to either side by the last bit of an f32 number, and what follows differs then: in a deep network by
about as much as 8 bits differ from f32 ("exact|..."), so that is the measure: at most 1.5 of it there, 0.01 in the networks of few layers. Files gap-*.onnx answer without some
sensors, by a generator with z: with z left out and zero ("zero|..."), drawn for each window ("out|...") and one draw for all ("row|...").
Exits 77 when onnx or onnxruntime is not installed.
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


def distance(a, b):
    return float(np.linalg.norm(a.astype(np.float64) - b) / max(np.linalg.norm(b), 1e-12))


def compare(path, session, inputs, values, kind):
    worst = 0.0
    for output, found in zip(session.get_outputs(), session.run(None, inputs)):
        expected = values[f"{kind}|{output.name}"]
        error = distance(found, expected) if found.shape == expected.shape else float("inf")
        if not error <= LIMIT:
            raise ValueError(f"{path.name}: {output.name} ({kind}): error {error:.3g}, over {LIMIT:.3g}")
        worst = max(worst, error)
    return worst


def check_gap(path, session, values):
    inputs = {i.name: values["in|" + i.name] for i in session.get_inputs()}
    free = [i.name for i in session.get_overridable_initializers()]
    if free != ["latent"] or "latent" in inputs:
        raise ValueError(f"{path.name}: what may be left out is {free}, not the latent numbers")
    z = values["in|latent"]
    for output in session.get_outputs():
        moved = distance(values["out|" + output.name], values["zero|" + output.name])
        if not moved > 100 * LIMIT:
            raise ValueError(f"{path.name}: {output.name}: z changes it by {moved:.2g} only, so nothing was compared")
    return max(compare(path, session, inputs, values, "zero"),
               compare(path, session, {**inputs, "latent": 0 * z}, values, "zero"),
               compare(path, session, {**inputs, "latent": 0 * z[:1]}, values, "zero"),
               compare(path, session, {**inputs, "latent": z}, values, "out"),
               compare(path, session, {**inputs, "latent": z[:1]}, values, "row"))


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    values = load_values(path.with_suffix(".safetensors"))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of inputs that may be left out
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    if path.name.startswith("gap-"):
        return check_gap(path, session, values)
    inputs = {i.name: values["in|" + i.name] for i in session.get_inputs()}
    worst = 0.0
    for output, found in zip(session.get_outputs(), session.run(None, inputs)):
        expected = values["out|" + output.name]
        if found.shape != expected.shape:
            raise ValueError(f"{path.name}: {output.name} is {found.shape}, expected {expected.shape}")
        error = distance(found, expected)
        worst = max(worst, error)
        limit = LIMIT
        if path.name.startswith("int8-"):
            rounding = distance(values["exact|" + output.name], expected)
            limit = rounding * (0.01 if "position" in path.name else 1.5)
            print(f"{path.name}: {output.name} {error:.2e}, 8 bits from f32 {rounding:.2e}")
        if not error <= limit:
            raise ValueError(f"{path.name}: {output.name}: error {error:.3g}, over {limit:.3g}")
    return worst


def main():
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    failures, worst = 0, 0.0
    for path in files:
        try:
            error = check(path)
            if not path.name.startswith("int8-"):
                worst = max(worst, error)
            if path.name.startswith(("model-", "gap-")):
                print(f"{path.name}: {error:.2e}")
        except Exception as failure:  # every file is looked at
            failures += 1
            print(failure)
    print(f"{len(files)} files, {failures} failures, worst error {worst:.2e}, ONNX Runtime {onnxruntime.__version__}")
    sys.exit(failures > 0 or not files)


if __name__ == "__main__":
    main()
