#!/usr/bin/env python3
"""Camera features in turns with Pillow + numpy on one thread: JPEG decode + resize to 256x256 + ImageNet normalisation.

Usage: bench_features.py BENCH_PROGRAM PICTURE.jpg [ROUNDS]   (needs Pillow and numpy)
"""
import statistics
import subprocess
import sys
import time

import numpy
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406], dtype=numpy.float32)
DEVIATION = numpy.array([0.229, 0.224, 0.225], dtype=numpy.float32)


def pillow(path, repeats=10):
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        with Image.open(path) as picture:
            small = picture.convert("RGB").resize((256, 256), Image.BILINEAR)
        array = (numpy.asarray(small, dtype=numpy.float32) / 255 - MEAN) / DEVIATION
        numpy.ascontiguousarray(array.transpose(2, 0, 1))
        times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times)


def main():
    program, path = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 9
    ours, theirs, ratios = [], [], []
    for _ in range(rounds):
        theirs.append(pillow(path))
        ours.append(float(subprocess.run([program, path, "10"], check=True, capture_output=True, text=True).stdout.split()[2]))
        ratios.append(ours[-1] / theirs[-1])
    print(f"beamcue {statistics.median(ours):.2f} ms, Pillow + numpy {statistics.median(theirs):.2f} ms, "
          f"ratio {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f}; {rounds} rounds in turns)")


if __name__ == "__main__":
    main()
