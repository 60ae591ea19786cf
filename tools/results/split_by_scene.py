#!/usr/bin/env python3
"""split_by_scene.py RECORDING OUT SHARE: OUT/train.csv and OUT/validation.csv (a column `index`) for split.kind: official, so that whole streets (column `scene`
of RECORDING/scenario.csv) train or validate: SHARE of them, spread evenly over the list, validate.
"""
import csv
import os
import sys


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    recording, out, share = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with open(os.path.join(recording, "scenario.csv"), newline="", encoding="utf-8") as stream:
        rows = [(row["index"], row["scene"]) for row in csv.DictReader(stream)]
    streets = list(dict.fromkeys(scene for _, scene in rows))
    every = max(2, round(1 / share))
    chosen = set(streets[every - 1::every])
    os.makedirs(out, exist_ok=True)
    for name, wanted in (("train", False), ("validation", True)):
        with open(os.path.join(out, name + ".csv"), "w", encoding="utf-8") as stream:
            stream.write("index\n" + "".join(f"{index}\n" for index, scene in rows if (scene in chosen) == wanted))
    print(f"{len(streets) - len(chosen)} streets train, {len(chosen)} validate")


if __name__ == "__main__":
    main()
