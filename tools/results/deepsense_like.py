#!/usr/bin/env python3
"""How flat power vectors are: DeepSense 6G scenarios 1-6 against configs/deepsense_like.yaml.

usage: deepsense_like.py BEAMCUE REALDATA WORK [--set KEY=VALUE]...

Looks at the recordings in REALDATA/deepsense_position and at a simulation without sensors in WORK, both with
`beamcue inspect`, and prints a table of medians: spread (best over worst beam), gap (best over second), and the
share of rows whose best beam is that of the row before. Needs nothing but Python. --set goes to the simulation.
"""
import json
import os
import subprocess
import sys

CONFIG = os.path.join(os.path.dirname(__file__), "..", "..", "configs", "deepsense_like.yaml")


def look(beamcue, what):
    answer = subprocess.run([beamcue, "inspect", what, "--json", "--quiet"], capture_output=True, text=True)
    found = json.loads(answer.stdout)
    if found["status"] != "ok":
        sys.exit(found["error"])
    return found["result"]["scenes"]


def real(beamcue, folder, work):
    path = os.path.join(work, "real.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("data:\n  sources:\n")
        for scenario in range(1, 7):
            file.write(f"    - {{name: scenario{scenario}, format: npy, prefix: scenario{scenario}, "
                       f"root: {os.path.abspath(folder)}/deepsense_position}}\n")
    return look(beamcue, path)


def simulated(beamcue, work, settings):
    output = os.path.join(work, "simulated")
    off = [f"{sensor}.enabled=false" for sensor in ("camera", "lidar", "radar")]
    arguments = [word for setting in [f"output={output}", *off, *settings] for word in ("--set", setting)]
    subprocess.run([beamcue, "simulate", CONFIG, *arguments, "--quiet"], check=True)
    return look(beamcue, output)


def main():
    beamcue, folder, work, *rest = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    settings = [word for word in rest if word != "--set"]
    print("| scenario | rows | spread, dB | gap, dB | kept, % | simulated: rows | spread, dB | gap, dB | kept, % |")
    print("|---|---|---|---|---|---|---|---|---|")
    for a, b in zip(real(beamcue, folder, work), simulated(beamcue, work, settings)):
        print("| %s | %d | %.2f | %.3f | %.0f | %d | %.2f | %.3f | %.0f |" % (
            a["name"][-1], a["samples"], a["spread_db"], a["gap_db"], 100 * a["kept_share"],
            b["samples"], b["spread_db"], b["gap_db"], 100 * b["kept_share"]))


main()
