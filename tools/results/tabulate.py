#!/usr/bin/env python3
"""Markdown tables from the results.json files of 'beamcue evaluate' below a folder.

Usage: tabulate.py position OUT_DIR | tabulate.py runs OUT_DIR PREFIX
"""
import json
import math
import os
import sys

PUBLISHED = {  # mean of five seeded splits, from the position study of DeepSense 6G
    "mlp": [55.57, 48.86, 31.09, 29.14, 43.12, 41.51],
    "knn": [49.45, 45.77, 28.91, 26.12, 45.19, 29.43],
    "lut": [40.69, 44.26, 25.79, 22.54, 38.73, 28.75],
}
PUBLISHED_SEEDS = 5


def results(folder, name):
    path = os.path.join(folder, name, "results.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def metric(result, name, subset=0):
    return result["subsets"][subset]["metrics"][name]


def position(folder):
    print("| model | scenario | top-1 % (ours) | sd of a split | published | difference | standard error | within 3 SE | power loss dB |")
    print("|---|---|---|---|---|---|---|---|---|")
    differences = []
    for model in ("mlp", "knn", "lut"):
        for scenario in range(1, 7):
            result = results(folder, f"{model}-random-{scenario}")
            if result is None:
                continue
            value = metric(result, "top_1")
            mean, deviation, seeds = 100 * value["mean"], 100 * value["deviation"], result["seeds"]
            published = PUBLISHED[model][scenario - 1]
            error = deviation * math.sqrt(1 / seeds + 1 / PUBLISHED_SEEDS)
            difference = mean - published
            differences.append(difference)
            loss = metric(result, "power_loss_db")["mean"]
            print(f"| {model} | {scenario} | {mean:.2f} | {deviation:.2f} | {published:.2f} | {difference:+.2f} | {error:.2f} | "
                  f"{'yes' if abs(difference) <= 3 * error else 'NO'} | {loss:.3f} |")
    if differences:
        print(f"\nMean of the {len(differences)} differences: {sum(differences) / len(differences):+.2f} points.")
    print("\n5 folds over sequences, every sequence tested once (95 % interval by bootstrap over sequences and seeds)\n")
    print("| model | scenario | seeds | top-1 % | 95 % interval | DBA | power loss dB |")
    print("|---|---|---|---|---|---|---|")
    for model in ("mlp", "knn", "lut"):
        for scenario in range(1, 7):
            result = results(folder, f"{model}-folds-{scenario}")
            if result is None:
                continue
            value = metric(result, "top_1")
            interval = f"{100 * value['low']:.2f} .. {100 * value['high']:.2f}" if "low" in value else value["note"]
            print(f"| {model} | {scenario} | {result['seeds']} | {100 * value['mean']:.2f} | {interval} | {metric(result, 'dba')['mean']:.4f} | "
                  f"{metric(result, 'power_loss_db')['mean']:.3f} |")


def cell(result, name, subset):
    if subset >= len(result["subsets"]):
        return "-"
    value = metric(result, name, subset)
    if value["mean"] is None:
        return "-"
    scale, digits = (1, 3) if name in ("dba", "loss_db", "power_loss_db") else (100, 1)
    text = f"{scale * value['mean']:.{digits}f}"
    if "low" in value:
        text += f" [{scale * value['low']:.{digits}f}, {scale * value['high']:.{digits}f}]"
    return text


def runs(folder, prefix):
    names = ["top_1", "top_2", "top_3", "dba", "loss_db", "power_loss_db"]
    print("| run | seeds | samples | " + " | ".join(names) + " |")
    print("|---" * (3 + len(names)) + "|")
    for name in sorted(os.listdir(folder)):
        result = results(folder, name) if name.startswith(prefix) else None
        if result is None:
            continue
        for subset, part in enumerate(result["subsets"]):
            print(f"| {result['name']}{'' if subset == 0 else ', ' + part['name']} | {result['seeds']} | {part['samples']} | "
                  + " | ".join(cell(result, m, subset) for m in names) + " |")
    leak = None
    for name in sorted(os.listdir(folder)):
        result = results(folder, name) if name.startswith(prefix) else None
        leak = result["leak"] if result else leak
    if leak:
        tested = max(leak["test_samples"], 1)
        print(f"\nLeak: {100 * leak['adjacent_rows'] / tested:.1f} % of the test rows have a training row one image away, "
              f"{100 * leak['near_in_time'] / tested:.1f} % one of the same sequence within 2 s.")


if __name__ == "__main__":
    if len(sys.argv) >= 3 and sys.argv[1] == "position":
        position(sys.argv[2])
    elif len(sys.argv) >= 4 and sys.argv[1] == "runs":
        runs(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
