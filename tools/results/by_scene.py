#!/usr/bin/env python3
"""by_scene.py FOLDER[,FOLDER...] RUN... [--unit scene|episode] [--scenes] [--column scene|condition] [--gap NONE TEACHER] [--minus RUN] [--common]

Metrics of RUN/predictions-seed*.csv (beamcue evaluate) for all samples, for those whose best beam has changed since the last frame, and with --scenes for each
scene of the recordings FOLDER (column `scene` of their scenario.csv, or another one), as Markdown. Intervals are 95 % percentile intervals over whole episodes, or
over whole scenes (streets), each drawn again with all its samples; seeds are averaged first. --gap adds the share of the way from NONE to TEACHER (two of the
runs) that every other run has gone, in MPR and in dB; --minus the differences of every other run to RUN. A beam's rank counts the beams that are stronger.
A run is a folder, or NAME=FOLDER,FOLDER,... of runs on different samples; --common leaves out samples that not all runs have.
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


def scenes_of(folders, column):
    """id of a sample -> scene."""
    scenes = {}
    for folder in folders:
        name = os.path.basename(os.path.normpath(folder))
        with open(os.path.join(folder, "scenario.csv"), newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                scenes[f"{name}/{row['index']}"] = row[column]
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
    """Samples, each with its unit names and the mean of every metric over the seeds; and how many seeds."""
    files, samples = [], {}
    for folder in [run] if os.path.isdir(run) else run.split("=", 1)[-1].split(","):
        found = sorted(glob.glob(os.path.join(folder, "predictions-seed*.csv")))
        if not found:
            raise SystemExit(f"{folder}: no predictions-seed*.csv; run 'beamcue evaluate' first")
        files += found
        seeds = len(found)
    for path in files:
        with open(path, newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                sample = samples.setdefault(row["id"], {"episode": row["episode"], "scene": scenes[row["id"]],
                                                        "changed": row.get("now", "") not in ("", row["label"]), "scores": []})  # no column: none has
                sample["scores"].append(score(row))
    for sample in samples.values():
        scores = sample.pop("scores")
        sample.update({n: sum(s[n] for s in scores) / len(scores) for n in NAMES})
    for name, sample in samples.items():
        sample["id"] = name
    return list(samples.values()), seeds


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


def paired(runs, name, unit):
    """For every unit: the sums of a metric of each run over its samples, and how many these are. All runs have the same samples."""
    groups = {}
    for i, samples in enumerate(runs):
        for s in samples:
            group = groups.setdefault(s[unit], [[0.0] * len(runs), 0])
            group[0][i] += s[name]
            group[1] += i == 0
    return list(groups.values())


def minus_table(runs, base, belongs, unit):
    by_name = {name: [s for s in samples if belongs(s)] for name, samples, _ in runs}
    print("\n| less " + base + " | " + " | ".join(NAMES) + " |\n|---|" + "---|" * len(NAMES))
    for name in by_name:
        if name == base:
            continue
        cells = []
        for metric in NAMES:
            factor = 100 if metric in PERCENT else 1
            groups = paired([by_name[base], by_name[name]], metric, unit)
            draw = random.Random(1)

            def difference(chosen):
                return factor * sum(g[0][1] - g[0][0] for g in chosen) / sum(g[1] for g in chosen)

            drawn = sorted(difference(draw.choices(groups, k=len(groups))) for _ in range(DRAWS))
            cells.append(f"{difference(groups):.2f} ({drawn[int(0.025 * DRAWS)]:.2f} to {drawn[int(0.975 * DRAWS) - 1]:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")


def gone(groups):
    total = sum(g[1] for g in groups)
    none, teacher, run = (sum(g[0][i] for g in groups) / total for i in range(3))
    return (run - none) / (teacher - none) if teacher != none else math.nan


def gap_table(runs, none, teacher, belongs, unit):
    by_name = {name: [s for s in samples if belongs(s)] for name, samples, _ in runs}
    print("\n| share of the way from " + none + " to " + teacher + ", % | MPR | loss, dB |\n|---|---|---|")
    for name in by_name:
        if name in (none, teacher):
            continue
        cells = []
        for metric in ("mpr", "loss_db"):
            groups = paired([by_name[none], by_name[teacher], by_name[name]], metric, unit)
            draw = random.Random(1)
            drawn = sorted(gone(draw.choices(groups, k=len(groups))) for _ in range(DRAWS))
            cells.append(f"{100 * gone(groups):.0f} ({100 * drawn[int(0.025 * DRAWS)]:.0f} to {100 * drawn[int(0.975 * DRAWS) - 1]:.0f})")
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders")
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--unit", choices=("episode", "scene"), default="episode")
    parser.add_argument("--scenes", action="store_true", help="a table for each scene as well")
    parser.add_argument("--gap", nargs=2, metavar=("NONE", "TEACHER"))
    parser.add_argument("--minus", metavar="RUN")
    parser.add_argument("--common", action="store_true", help="only samples that all runs have")
    parser.add_argument("--column", default="scene", help="of scenario.csv, to tell scenes by")
    given = parser.parse_args()
    scenes = scenes_of(given.folders.split(","), given.column)
    runs = [(os.path.basename(os.path.normpath(r)) if os.path.isdir(r) else r.split("=")[0],) + read_run(r, scenes) for r in given.runs]
    if given.common:
        shared = set.intersection(*({s["id"] for s in samples} for _, samples, _ in runs))
        runs = [(name, [s for s in samples if s["id"] in shared], seeds) for name, samples, seeds in runs]
    names = sorted({s["scene"] for s in runs[0][1]}) if given.scenes else []
    parts = [("all", lambda s: True), ("changed", lambda s: s["changed"])] + [(n, lambda s, n=n: s["scene"] == n) for n in names]
    for part, belongs in parts:
        print(f"\n**{part}**\n\n| run | seeds | samples | " + " | ".join(NAMES) + " |\n|---|---:|---:|" + "---|" * len(NAMES))
        for run, samples, seeds in runs:
            chosen = [s for s in samples if belongs(s)]
            cells = " | ".join(cell(chosen, n, given.unit) for n in NAMES)
            print(f"| {run} | {seeds} | {len(chosen)} | {cells} |")
        if given.gap:
            gap_table(runs, *given.gap, belongs, given.unit)
        if given.minus:
            minus_table(runs, given.minus, belongs, given.unit)


if __name__ == "__main__":
    main()
