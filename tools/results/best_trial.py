#!/usr/bin/env python3
"""best_trial.py PREFIX <TRIALS: of the trials PREFIX-1, PREFIX-2, ... (folders with history-seed*.csv), prints the line of standard input that belongs to the one with
the best validation MPR, the mean over its seeds of the epoch that was kept. All trials are listed in PREFIX.md, with the loss in dB of the same epochs.
"""
import csv
import glob
import sys


def kept(path):
    """MPR and loss of the epoch with the best MPR, the first of equals."""
    with open(path, newline="", encoding="utf-8") as stream:
        rows = [(float(r["validation_mpr"]), float(r["validation_below_db"])) for r in csv.DictReader(stream)]
    return max(rows, key=lambda r: r[0])


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    prefix, trials = sys.argv[1], [line.strip() for line in sys.stdin if line.strip()]
    scores = []
    for n in range(1, len(trials) + 1):
        seeds = [kept(path) for path in sorted(glob.glob(f"{prefix}-{n}/history-seed*.csv"))]
        if not seeds:
            raise SystemExit(f"{prefix}-{n}: no history-seed*.csv; 'beamcue distill' writes them")
        scores.append([sum(s[i] for s in seeds) / len(seeds) for i in (0, 1)])
    with open(prefix + ".md", "w", encoding="utf-8") as out:
        out.write("| trial | MPR, % | loss, dB |\n|---|---|---|\n")
        for trial, (mpr, loss) in zip(trials, scores):
            out.write(f"| {trial} | {100 * mpr:.2f} | {loss:.3f} |\n")
    print(trials[max(range(len(trials)), key=lambda i: scores[i][0])])


if __name__ == "__main__":
    main()
