#!/usr/bin/env python3
"""by_scene.py FOLDER[,FOLDER...] RUN... [--unit scene|episode] [--columns scene|all]: metrics of RUN/predictions-seed*.csv (beamcue evaluate) for all samples, for those
whose best beam has changed since the last frame, and for each scene of the recordings (column `scene` of their scenario.csv), as Markdown.

Intervals are 95 % percentile intervals over whole episodes, or over whole scenes (streets), each drawn again with all its samples; seeds are averaged
first. Beams that are equally strong take the middle rank, and a best beam without power leaves the sample out, as docs/metrics.md says.
"""
import argparse
import collections
import csv
import glob
import math
import os
import random

csv.field_size_limit(1 << 24)
NAMES = ("mpr", "loss_db", "within_1db", "top_1", "top_5", "top_10")
PERCENT = {"mpr", "within_1db", "top_1", "top_5", "top_10"}
DRAWS = 2000


def scenes_of(folders):
    """id of a sample -> scene."""
    scenes = {}
    for folder in folders:
        name = os.path.basename(os.path.normpath(folder))
        with open(os.path.join(folder, "scenario.csv"), newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                scenes[f"{name}/{row['index']}"] = row["scene"]
    return scenes


def score(row):
    power = [float(x) for x in row["power"].split()]
    ranked = [int(x) for x in row["ranked"].split()]
    first, best = power[ranked[0]], max(power)
    stronger = sum(p > first for p in power)
    label = int(row["label"])
    loss = 10 * math.log10(best / first)
    return {"mpr": (len(power) - stronger) / len(power), "loss_db": loss, "within_1db": float(loss <= 1), "top_1": float(ranked[0] == label),
            "top_5": float(label in ranked[:5]), "top_10": float(label in ranked[:10])}


def read_run(run, scenes):
    """Samples, each with its unit names and the mean of every metric over the seeds."""
    files = sorted(glob.glob(os.path.join(run, "predictions-seed*.csv")))
    if not files:
        raise SystemExit(f"{run}: no predictions-seed*.csv; run 'beamcue evaluate' first")
    samples = {}
    for path in files:
        with open(path, newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                sample = samples.setdefault(row["id"], {"episode": row["episode"], "scene": scenes[row["id"]],
                                                        "changed": row["now"] not in ("", row["label"]), "scores": []})
                sample["scores"].append(score(row))
    for sample in samples.values():
        scores = sample.pop("scores")
        sample.update({n: sum(s[n] for s in scores) / len(scores) for n in NAMES})
    return list(samples.values()), len(files)


def interval(samples, name, unit):
    groups = collections.defaultdict(list)
    for s in samples:
        groups[s[unit]].append(s[name])
    sums = [(sum(g), len(g)) for g in groups.values()]
    draw = random.Random(1)
    means = []
    for _ in range(DRAWS):
        chosen = draw.choices(sums, k=len(sums))
        means.append(sum(c[0] for c in chosen) / sum(c[1] for c in chosen))
    means.sort()
    return means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS) - 1]


def cell(samples, name, unit):
    factor = 100 if name in PERCENT else 1
    digits = 1 if name in PERCENT else 2
    mean = sum(s[name] for s in samples) / len(samples)
    low, high = interval(samples, name, unit)
    return f"{factor * mean:.{digits}f} ({factor * low:.{digits}f} to {factor * high:.{digits}f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders")
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--unit", choices=("episode", "scene"), default="episode")
    parser.add_argument("--scenes", action="store_true", help="a table for each scene as well")
    given = parser.parse_args()
    scenes = scenes_of(given.folders.split(","))
    runs = [(os.path.basename(os.path.normpath(r)),) + read_run(r, scenes) for r in given.runs]
    names = sorted({s["scene"] for s in runs[0][1]}) if given.scenes else []
    parts = [("all", lambda s: True), ("changed", lambda s: s["changed"])] + [(n, lambda s, n=n: s["scene"] == n) for n in names]
    for part, belongs in parts:
        print(f"\n**{part}**\n\n| run | seeds | samples | " + " | ".join(NAMES) + " |\n|---|---:|---:|" + "---|" * len(NAMES))
        for run, samples, seeds in runs:
            chosen = [s for s in samples if belongs(s)]
            cells = " | ".join(cell(chosen, n, given.unit) for n in NAMES)
            print(f"| {run} | {seeds} | {len(chosen)} | {cells} |")


if __name__ == "__main__":
    main()
