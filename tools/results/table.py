#!/usr/bin/env python3
"""table.py OUT METRIC... -- RUN...: a Markdown table of OUT/RUN/results.json, one per subset of the samples: mean over the seeds, and the 95 %
interval where there is one.
"""
import json
import os
import sys

SHARES = ("mpr", "top_", "within_", "outage_", "vehicle_outage", "reachable", "rate_ratio_")


def cell(name, value):
    if value is None or not value.get("available", True) or value.get("mean") is None:
        return "-"
    factor = 100 if name.startswith(SHARES) and not name.endswith("loss_db") else 1
    text = f"{factor * value['mean']:.2f}"
    low, high = value.get("low"), value.get("high")
    return text if low is None or high is None else f"{text} [{factor * low:.2f}, {factor * high:.2f}]"


def main():
    split = sys.argv.index("--")
    out, metrics, runs = sys.argv[1], sys.argv[2:split], sys.argv[split + 1:]
    tables = {}
    for run in runs:
        with open(os.path.join(out, run, "results.json"), encoding="utf-8") as file:
            results = json.load(file)
        for subset in results["subsets"]:
            found = subset["metrics"]
            line = [run, str(subset["samples"])] + [cell(m, found.get(m)) for m in metrics]
            tables.setdefault(subset["name"], []).append(line)
    for name, lines in tables.items():
        print(f"\n**{name}**\n")
        print("| run | samples | " + " | ".join(metrics) + " |")
        print("|---|" + "---:|" * (1 + len(metrics)))
        for line in lines:
            print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
