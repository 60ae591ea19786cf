#!/usr/bin/env python3
"""split_by_scene.py RECORDING OUT SHARE: OUT/train.csv, validation.csv and test.csv (a column `index`) for split.kind: official, so that whole streets (column
`scene` of RECORDING/scenario.csv) train or validate: SHARE of them, spread evenly over the list, validate. The last street tests, as a split has to have a test part;
it is not meant to be scored.
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
    last = streets[-1]
    side = {scene: "validation" if i % every == every - 1 else "train" for i, scene in enumerate(streets)}
    side[last] = "test"
    os.makedirs(out, exist_ok=True)
    for name in ("train", "validation", "test"):
        with open(os.path.join(out, name + ".csv"), "w", encoding="utf-8") as stream:
            stream.write("index\n" + "".join(f"{index}\n" for index, scene in rows if side[scene] == name))
        print(f"{name}: {sum(s == name for s in side.values())} streets")


if __name__ == "__main__":
    main()
