#!/usr/bin/env python3
"""check_qdq.py MODEL.onnx SAMPLES PREDICTIONS.csv: a model of 'beamcue quantise' in ONNX Runtime on the test samples of a folder of
'beamcue export-samples', against what 'beamcue evaluate' answered in 8 bits. Prints the share of samples with the same best beam; exits 1 when it
is below 99 %.
"""
import csv
import pathlib
import sys

import numpy as np
import onnxruntime

BATCH = 16


def main():
    model, folder, predictions = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    with open(folder / "samples.csv", newline="") as file:
        row = {line["id"]: i for i, line in enumerate(csv.DictReader(file))}
    with open(predictions, newline="") as file:
        answers = {line["id"]: int(line["ranked"].split()[0]) for line in csv.DictReader(file)}
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    data = {i.name: np.load(folder / f"{i.name}.npy", mmap_mode="r") for i in session.get_inputs()}
    ids = list(answers)
    same = 0
    for first in range(0, len(ids), BATCH):
        part = ids[first:first + BATCH]
        rows = [row[i] for i in part]
        logits = session.run(["logits"], {name: np.ascontiguousarray(values[rows]) for name, values in data.items()})[0]
        same += sum(int(best == answers[i]) for best, i in zip(logits.argmax(1), part))
    print(f"{same} of {len(ids)} samples with the same best beam ({100 * same / len(ids):.2f} %), ONNX Runtime {onnxruntime.__version__}")
    sys.exit(same < 0.99 * len(ids))


if __name__ == "__main__":
    main()
