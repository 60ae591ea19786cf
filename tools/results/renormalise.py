#!/usr/bin/env python3
"""The other normalisation of paper B's 152 beams, of a data set that is simulated already.

usage: renormalise.py FROM TO power|amplitude

FROM is a folder of `beamcue simulate` with receivers: all, aggregate: mean-db and measured: false, whose beams are normalised the other way.
A beam's weights differ only by their norm, and so does its power, exactly; the mean over the vehicles is made anew from their powers. TO gets
a table and power files that `beamcue inspect` reads; cameras and clouds are named where they are. Needs numpy.
"""
import csv
import json
import os
import sys

import numpy as np

FLOOR_MW = 1e-20


def squared_norms():
    """|w|^2 of beams that are the mean of K steering vectors of an 8 x 8 array, in the order of the codebook."""
    r, k = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")

    def steer(theta, phi):
        theta, phi = np.radians(theta), np.radians(phi)
        return np.exp(1j * np.pi * (k * np.sin(theta) * np.cos(phi) - r * np.sin(theta) * np.sin(phi)))

    norms = []
    for lobes, steps in ((1, (0,)), (2, (45, 90, 135, 180)), (3, (30, 60, 90))):
        for theta in (80, 60, 40, 20):
            for phi in range(0, 181, 20):
                for step in steps:
                    if phi + step * (lobes - 1) <= 180:
                        w = sum(steer(theta, phi + i * step) for i in range(lobes)) / lobes
                        norms.append(np.sum(np.abs(w) ** 2))
    return np.array(norms)


def main():
    source, target, wanted = sys.argv[1:]
    norms = squared_norms()
    assert len(norms) == 152
    scale = 1.0 / norms if wanted == "power" else norms
    os.makedirs(os.path.join(target, "power"), exist_ok=True)
    with open(os.path.join(source, "scenario.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for i, row in enumerate(rows):
        vehicles = np.load(os.path.join(source, row["unit1_vehicle_pwr"])) * scale
        total = 10.0 ** np.mean(np.log10(np.maximum(vehicles, FLOOR_MW)), axis=0)
        if len(vehicles) == 1:
            total = vehicles[0]
        row["unit1_pwr_60ghz"] = f"./power/{i}.txt"
        row["unit1_beam"] = int(np.argmax(total)) + 1
        np.savetxt(os.path.join(target, "power", f"{i}.txt"), total, fmt="%.17e")
        for name in ("unit1_rgb", "unit1_lidar", "unit1_radar", "unit1_loc", "unit2_vehicles", "unit1_vehicle_pwr"):
            if name in row:
                row[name] = os.path.relpath(os.path.join(source, row[name]), target)
    with open(os.path.join(target, "scenario.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with open(os.path.join(target, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump({"counts": {"beams": len(norms)}}, file)


main()
