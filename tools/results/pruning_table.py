#!/usr/bin/env python3
"""Table and picture (paper A, Fig. 6 a and b) of the folder that tools/results/pruning_small.sh fills.

Usage: pruning_table.py OUT_DIR; the table goes to standard output, the picture to OUT_DIR/fig6.svg.
"""
import glob
import json
import os
import sys

PAPER = {0.9: .9038, 0.8: .8871, 0.7: .8595, 0.6: .8202, 0.5: .7554, 0.4: .6921}  # paper A, its own data
COLORS = ["#1f5fa8", "#c2571a", "#2f7d4f", "#8a3f8f", "#7a6a1c", "#b03048", "#555555"]


def read(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def layers_ms(folder):
    """The least of the rounds of `beamcue bench --layers --json`: the sum over all layers, ms; None: not timed."""
    sums = []
    for path in sorted(glob.glob(os.path.join(folder, "layers-*.json"))):
        answer = read(path)
        table = answer.get("result", answer)["kinds"]
        sums += [row[1] for row in table["rows"] if row[0] == "total"]
    return min(sums) if sums else None


def runs(out):
    found = [("unpruned", 1.0, "base")]
    for folder in sorted(glob.glob(os.path.join(out, "*", "prune-*-*"))):
        kind = os.path.basename(os.path.dirname(folder))
        found.append((kind, float(folder.rsplit("-", 1)[1]), os.path.relpath(folder, out)))
    found += [("unpruned, trained on", 1.0, "trained-on"), ("shape from scratch", 0.5, "scratch")]
    return [run for run in found if os.path.exists(os.path.join(out, run[2], "results.json"))]


def interval(metric, scale, digits):
    text = f"{scale * metric['mean']:.{digits}f}"
    return text + (f" [{scale * metric['low']:.{digits}f}, {scale * metric['high']:.{digits}f}]" if "low" in metric else "")


def point(out, run):
    metrics = read(os.path.join(out, run[2], "results.json"))["subsets"][0]["metrics"]
    return metrics["dba"], metrics["top_1"], layers_ms(os.path.join(out, run[2]))


def table(out, found):
    print("| model | share asked for | DBA, test [95 %] | top-1, % [95 %] | layers, ms |\n|---|---|---|---|---|")
    for run in found:
        dba, top1, ms = point(out, run)
        print(f"| {run[0]} | {run[1]:g} | {interval(dba, 1, 3)} | {interval(top1, 100, 1)} | {'' if ms is None else f'{ms:.2f}'} |")


class Panel:
    """One picture: x is the share of the parameters, from 1 on the left to 0.4."""

    def __init__(self, left, title, unit, low, high):
        self.left, self.low, self.high, self.out = left, low, high, []
        self.text(left + 150, 24, title, "middle", 13)
        self.line([(left + 45, 40), (left + 45, 270), (left + 300, 270)], "#333")
        for k in range(5):
            value = low + (high - low) * k / 4
            self.text(left + 40, self.y(value) + 4, f"{value:.2f}", "end")
            self.line([(left + 45, self.y(value)), (left + 300, self.y(value))], "#ddd")
        for share in (1, .9, .8, .7, .6, .5, .4):
            self.text(self.x(share), 286, f"{share:g}", "middle")
        self.text(left + 172, 304, "share of the parameters asked for", "middle")
        self.text(left + 45, 36, unit, "middle")

    def x(self, share):
        return self.left + 60 + (1 - share) / .6 * 225

    def y(self, value):
        return 270 - (value - self.low) / (self.high - self.low) * 220

    def text(self, x, y, text, anchor, size=11, color="#222"):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{text}</text>')

    def line(self, points, color, dashed=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.out.append(f'<polyline points="{path}" fill="none" stroke="{color}"{dash}/>')

    def dot(self, share, value, color, low=None, high=None, shift=0):
        x = self.x(share) + shift
        if low is not None:
            self.line([(x, self.y(low)), (x, self.y(high))], color)
        self.out.append(f'<circle cx="{x:.1f}" cy="{self.y(value):.1f}" r="3.5" fill="{color}"/>')


def picture(out, found):
    points = [(run, *point(out, run)) for run in found]
    values = [v for _, dba, _, _ in points for v in (dba["mean"], dba.get("low", dba["mean"]), dba.get("high", dba["mean"]))]
    times = [ms for _, _, _, ms in points if ms is not None]
    low, high = min(values + list(PAPER.values())), max(values + list(PAPER.values()))
    left = Panel(0, "a: DBA on the test samples", "DBA", low - .02, high + .02)
    right = Panel(330, "b: time of the layers", "ms", 0, 1.1 * max(times + [.001]))
    left.line([(left.x(s), left.y(v)) for s, v in PAPER.items()], "#999", True)
    names = list(dict.fromkeys(run[0] for run in found))
    for run, dba, _, ms in points:
        index = names.index(run[0])
        shift = 3 * (index - len(names) / 2)
        left.dot(run[1], dba["mean"], COLORS[index % len(COLORS)], dba.get("low"), dba.get("high"), shift)
        if ms is not None:
            right.dot(run[1], ms, COLORS[index % len(COLORS)], shift=shift)
    for index, name in enumerate(names):
        left.out.append(f'<circle cx="660" cy="{50 + 20 * index}" r="3.5" fill="{COLORS[index % len(COLORS)]}"/>')
        left.text(670, 54 + 20 * index, name, "start")
    left.line([(652, 50 + 20 * len(names)), (668, 50 + 20 * len(names))], "#999", True)
    left.text(672, 54 + 20 * len(names), "paper A, its own data", "start")
    with open(os.path.join(out, "fig6.svg"), "w", encoding="utf-8") as stream:
        stream.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 830 315" font-family="sans-serif">\n'
                     '<rect width="830" height="315" fill="#fff"/>\n' + "\n".join(left.out + right.out) + "\n</svg>\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = runs(sys.argv[1])
    table(sys.argv[1], found)
    picture(sys.argv[1], found)


main()
