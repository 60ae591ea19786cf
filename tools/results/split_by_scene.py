#!/usr/bin/env python3
"""split_by_scene.py RECORDING OUT [SHARE [TEST]] [--streets N] or RECORDING OUT --scene SCENE --test CSV --validation CSV [--share S]: OUT/train.csv, validation.csv and test.csv
(a column `index`) for split.kind: official.

Whole streets (column `scene` of RECORDING/scenario.csv): SHARE of them, spread evenly over the list, validate, and the last TEST of them (a number, 1 by default)
test; a split has to have a test part, so one street is left out even where another recording tests. --streets: only the
first N of the streets that train.

--scene: the episode split of a trained run, without other scenes than this one (`all`: with all). CSV are predictions of its test and of its validation part. --share: only so much of the training episodes, every so many-th.
"""
import argparse
import csv
import os

csv.field_size_limit(1 << 24)


def whole_streets(rows, share, tests, most):
    streets = list(dict.fromkeys(row["scene"] for row in rows))
    every = max(2, round(1 / share))
    last = set(streets[-tests:])
    side = {scene: "validation" if i % every == every - 1 else "train" for i, scene in enumerate(streets)}
    left = [scene for scene in streets[:-tests] if side[scene] == "train"][most:]
    side.update(dict.fromkeys(left, "nothing"))
    return {row["index"]: "test" if row["scene"] in last else side[row["scene"]] for row in rows}


def as_trained(rows, scene, tests, validations, share):
    def episodes(path):
        with open(path, newline="", encoding="utf-8") as stream:
            indices = {row["id"].rsplit("/", 1)[1] for row in csv.DictReader(stream)}
        return {row["seq_index"] for row in rows if row["index"] in indices}

    test, validation = episodes(tests), episodes(validations)
    side, seen = {}, {}
    for row in rows:
        episode = row["seq_index"]
        if scene not in ("all", row["scene"]):
            continue
        if episode in test:
            side[row["index"]] = "test"
        else:
            nth = seen.setdefault((row["scene"], episode in validation), {}).setdefault(episode, len(seen[row["scene"], episode in validation]))
            if episode in validation:
                side[row["index"]] = "validation"
            elif int((nth + 1) * share) > int(nth * share):
                side[row["index"]] = "train"
    return side


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("out")
    parser.add_argument("part", nargs="?", type=float, default=0.133)
    parser.add_argument("tests", nargs="?", type=int, default=1)
    parser.add_argument("--streets", type=int, default=1 << 30)
    parser.add_argument("--scene")
    parser.add_argument("--test")
    parser.add_argument("--validation")
    parser.add_argument("--share", type=float, default=1)
    given = parser.parse_args()
    with open(os.path.join(given.recording, "scenario.csv"), newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if given.scene:
        side = as_trained(rows, given.scene, given.test, given.validation, given.share)
    else:
        side = whole_streets(rows, given.part, given.tests, given.streets)
    os.makedirs(given.out, exist_ok=True)
    for name in ("train", "validation", "test"):
        chosen = [row for row in rows if side.get(row["index"]) == name]
        with open(os.path.join(given.out, name + ".csv"), "w", encoding="utf-8") as stream:
            stream.write("index\n" + "".join(row["index"] + "\n" for row in chosen))
        print(f"{name}: {len({row['scene'] for row in chosen})} streets, {len({row['seq_index'] for row in chosen})} episodes")


if __name__ == "__main__":
    main()
