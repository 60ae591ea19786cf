#!/usr/bin/env python3
"""LiDAR and radar features in turns with numpy on one thread, from the file to the network's input, in processor time; the maps are
compared, too.

Usage: bench_sensing.py BENCH_PROGRAM CLOUD.ply|CUBE.npy|random [ROUNDS]   (needs numpy; "random" makes a radar cube of 4x256x250)
"""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy

warnings.simplefilter("ignore", DeprecationWarning)  # fromstring is the fastest way numpy has to read columns of text


def read_cloud(path):
    data = pathlib.Path(path).read_bytes()
    body = data.index(b"end_header\n") + len(b"end_header\n")
    header = data[:body].decode().split("\n")
    assert "format ascii 1.0" in header, "the reference reads ASCII clouds"
    columns = sum(line.startswith("property") for line in header)
    return numpy.fromstring(data[body:].decode(), sep=" ").reshape(-1, columns)


def lidar(path):
    points = read_cloud(path)
    counts = numpy.histogramdd(points[:, :2], bins=(numpy.linspace(-50, 0, 257), numpy.linspace(-50, 50, 257)))[0]
    counts[counts > 5] = 5
    return (counts / 5)[None]


def min_max(values):
    return (values - values.min()) / (values.max() - values.min())


def radar(path):
    cube = numpy.load(path)
    ranges = numpy.fft.fft(cube, 256, axis=1)
    angle = numpy.fft.fft(ranges - ranges.mean(axis=2, keepdims=True), 256, axis=0)
    velocity = numpy.fft.fft(ranges, 256, axis=2)
    return numpy.stack([min_max(numpy.abs(angle).sum(axis=2).T), min_max(numpy.abs(velocity).sum(axis=0))])


def best(function, path, repeats):
    times = []
    for _ in range(repeats):
        started = time.process_time()
        result = function(path)
        times.append(1e3 * (time.process_time() - started))
    return statistics.median(times), result


def main():
    program, path = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 9
    with tempfile.TemporaryDirectory() as folder:
        if path == "random":
            rng = numpy.random.default_rng(1)
            path = f"{folder}/cube.npy"
            numpy.save(path, (rng.normal(size=(4, 256, 250)) + 1j * rng.normal(size=(4, 256, 250))).astype(numpy.complex64))
        reference = lidar if path.endswith(".ply") else radar
        ours, theirs, ratios = [], [], []
        for _ in range(rounds):
            ms, expected = best(reference, path, 3)
            theirs.append(ms)
            run = subprocess.run([program, path, "11", "tii", f"{folder}/maps.npy"], check=True, capture_output=True, text=True)
            ours.append(float(run.stdout.split()[2]))
            ratios.append(ours[-1] / theirs[-1])
        worst = numpy.abs(numpy.load(f"{folder}/maps.npy") - expected).max()
    print(f"{reference.__name__}: beamcue {statistics.median(ours):.2f} ms, numpy {numpy.__version__} {statistics.median(theirs):.2f} ms, "
          f"ratio {statistics.median(ratios):.4f} (min {min(ratios):.4f}, max {max(ratios):.4f}; {rounds} rounds in turns); largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
