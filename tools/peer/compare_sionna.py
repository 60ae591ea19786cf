#!/usr/bin/env python3
"""Paths of beamcue against those of Sionna RT 2.2.0, in the scenes that Sionna ships, and the time both take.

    pip install sionna-rt==2.2.0; apt-get install libllvm19
    DRJIT_LIBLLVM_PATH=.../libLLVM.so.19.1 python3 tools/peer/compare_sionna.py BENCH_PATHS [--scenes munich ...]
        [--depths 1 2 3] [--refraction] [--receivers 100] [--runs 3] [--threads 2]

BENCH_PATHS is build/release/bench/rays/bench_paths. 28 GHz, isotropic V antennas, one element, no diffraction,
no diffuse scattering, 10^6 samples, merge_shapes=False. The union of Sionna's paths over three seeds is what has
to be found. A path is matched by its receiver, its kinds of interaction and its points (2 cm). Runs take turns.
Prints Markdown."""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

os.environ.setdefault("DRJIT_LIBLLVM_PATH", "/usr/lib/x86_64-linux-gnu/libLLVM.so.19.1")
import drjit as dr  # noqa: E402
import mitsuba as mi  # noqa: E402
import sionna.rt as rt  # noqa: E402

C = 299792458.0
STATIONS = {"simple_street_canyon": (-33.0, 0.0, 32.0), "munich": (8.5, 21.0, 27.0), "etoile": None}
KINDS = {1: 0, 4: 2}  # Sionna's interaction to ours: specular reflection, refraction


def ground(scene, xy):
    """Height of the first thing below the sky at each place."""
    origin = mi.Point3f(xy[:, 0].astype(np.float32), xy[:, 1].astype(np.float32), np.full(len(xy), 1000, np.float32))
    hit = scene.mi_scene.ray_intersect(mi.Ray3f(origin, mi.Vector3f(0, 0, -1)))
    return np.where(np.array(hit.is_valid()), 1000 - np.array(hit.t), np.nan)


def place(scene, name, count):
    """The base station and receivers 1.5 m above open ground, drawn with a fixed seed."""
    box = scene.mi_scene.bbox()
    low, high = np.array(box.min).ravel(), np.array(box.max).ravel()
    middle, half = 0.5 * (low + high), 0.35 * (high - low)
    rng = np.random.default_rng(1)
    xy = middle[None, :2] + rng.uniform(-1, 1, (200 * count, 2)) * half[None, :2]
    z = ground(scene, xy)
    floor = np.nanmin(z)
    open_air = np.flatnonzero(z < floor + 1.0)
    station = STATIONS[name]
    if station is None:
        near = open_air[np.argmin(np.linalg.norm(xy[open_air] - middle[None, :2], axis=1))]
        station = (xy[near, 0], xy[near, 1], floor + 25.0)
    chosen = [i for i in open_air if np.linalg.norm(xy[i] - np.array(station[:2])) < 400][:count]
    return np.array(station), np.column_stack([xy[chosen], z[chosen] + 1.5])


def sionna_paths(scene, solver, depth, refraction, seed):
    paths = solver(scene, max_depth=depth, samples_per_src=10**6, max_num_paths_per_src=10**6, synthetic_array=True,
                   los=True, specular_reflection=True, diffuse_reflection=False, refraction=refraction,
                   diffraction=False, seed=seed)
    dr.eval(paths.tau, paths.a)
    dr.sync_thread()
    return paths


def collect(paths):
    """Per receiver: list of (kinds, points, delay_s, gain)."""
    tau = np.array(paths.tau)[:, 0, :]
    gain = np.array(paths.a[0])[:, 0, 0, 0, :] ** 2 + np.array(paths.a[1])[:, 0, 0, 0, :] ** 2
    kinds = np.array(paths.interactions)[:, :, 0, :]
    points = np.array(paths.vertices)[:, :, 0, :, :]
    valid = np.array(paths.valid)[:, 0, :]
    found = []
    for r in range(tau.shape[0]):
        mine = []
        for p in np.flatnonzero(valid[r]):
            k = kinds[:, r, p]
            n = int((k != 0).sum())
            mine.append((tuple(KINDS.get(int(x), -1) for x in k[:n]), points[:n, r, p, :].astype(float), float(tau[r, p]),
                         float(gain[r, p])))
        found.append(mine)
    return found


def same(a, b, tolerance=0.02):
    return a[0] == b[0] and (len(a[0]) == 0 or np.abs(a[1] - b[1]).max() < tolerance)


def union(runs):
    merged = []
    for r in range(len(runs[0])):
        mine = []
        for run in runs:
            for p in run[r]:
                if not any(same(p, q) for q in mine):
                    mine.append(p)
        merged.append(mine)
    return merged


class Beamcue:
    def __init__(self, program, scene, station, receivers, depth, refraction, threads):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".txt")
        for p in [station, *receivers]:
            self.file.write("%.17g %.17g %.17g\n" % tuple(p))
        self.file.flush()
        self.receivers = len(receivers)
        self.process = subprocess.Popen([program, scene, self.file.name, str(depth), str(depth if refraction else 0), "0",
                                         str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self.process.stdout.readline().strip()

    def time(self):
        self.process.stdin.write("1\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline()) / 1e3

    def paths(self):
        self.process.stdin.write("paths\n")
        self.process.stdin.flush()
        found = [[] for _ in range(self.receivers)]
        while (line := self.process.stdout.readline().strip()):
            v = line.split()
            n = int(v[3])
            steps = [v[4 + 5 * i:9 + 5 * i] for i in range(n)]
            found[int(v[0])].append((tuple(int(s[0]) for s in steps), np.array([[float(x) for x in s[2:]] for s in steps]),
                                     float(v[1]) / C, float(v[2])))
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def first_hit(scene, origin, target):
    """Of the rays from origins to targets: distance to the first thing met, its normal; and the targets' distances."""
    along = target - origin
    length = np.linalg.norm(along, axis=1)
    d = (along / length[:, None]).astype(np.float32)
    o = (origin + 2e-3 * d).astype(np.float32)
    hit = scene.mi_scene.ray_intersect(mi.Ray3f(mi.Point3f(*o.T), mi.Vector3f(*d.T)))
    t = np.where(np.array(hit.is_valid()), np.array(hit.t) + 2e-3, np.inf)
    return t, np.array(hit.n).T, length


def verify(scene, station, receivers, paths):
    """How many reflected paths are real by Mitsuba's own rays: every leg is free up to its end, what it ends at is a surface, and mirrors it there (1e-3)."""
    legs, turns, total = [], [], 0
    for r, mine in enumerate(paths):
        for kinds, points, _, _ in mine:
            if any(k != 0 for k in kinds):
                continue
            corners = np.vstack([station[None], np.reshape(points, (-1, 3)), receivers[r][None]])
            legs += [(total, a, b, i + 2 < len(corners)) for i, (a, b) in enumerate(zip(corners, corners[1:]))]
            turns += [(total, *corners[i - 1:i + 2]) for i in range(1, len(corners) - 1)]
            total += 1
    good = np.ones(total, bool)
    t, normal, length = first_hit(scene, np.array([x[1] for x in legs]), np.array([x[2] for x in legs]))
    ends = np.array([x[3] for x in legs])
    fine = np.where(ends, np.abs(t - length) < 2e-2, t > length - 2e-2)
    mirror = iter(normal[ends])
    for (which, *_), ok in zip(legs, fine):
        good[which] &= ok
    for which, a, b, c in turns:
        u, v, n = (b - a) / np.linalg.norm(b - a), (c - b) / np.linalg.norm(c - b), next(mirror)
        good[which] &= np.abs(u - 2 * np.dot(u, n) * n - v).max() < 1e-3
    return total, good


def compare(name, args):
    xml = getattr(rt.scene, name)
    scene = rt.load_scene(xml, merge_shapes=False)
    scene.frequency = 28e9
    array = rt.PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.tx_array = scene.rx_array = array
    station, receivers = place(scene, name, args.receivers)
    scene.add(rt.Transmitter("tx", mi.Point3f(*[float(x) for x in station])))
    for i, p in enumerate(receivers):
        scene.add(rt.Receiver("rx%d" % i, mi.Point3f(*[float(x) for x in p])))
    # What Sionna has in float is what both shall see.
    station = station.astype(np.float32).astype(float)
    receivers = receivers.astype(np.float32).astype(float)
    solver = rt.PathSolver()
    for depth in args.depths:
        ours = Beamcue(args.program, xml, station, receivers, depth, args.refraction, args.threads)
        if args.verify:
            ours.time()
            mine = ours.paths()
            total, good = verify(scene, station, receivers, mine)
            print("%s, depth %d: %d paths without transmission, %d real by Mitsuba's rays" % (name, depth, total, good.sum()))
            ours.close()
            continue
        runs, theirs_s, ours_s = [], [], []
        sionna_paths(scene, solver, depth, args.refraction, 1)  # compiles
        ours.time()
        for i in range(args.runs):
            ours_s.append(ours.time())
            start = time.perf_counter()
            paths = sionna_paths(scene, solver, depth, args.refraction, 41 + i)
            theirs_s.append(time.perf_counter() - start)
            if i < 3:
                runs.append(collect(paths))
        theirs, mine = union(runs), ours.paths()
        ours.close()
        total = matched = extra = 0
        delay, gain, lost, off = [0.0], [0.0], [], []
        for r, wanted in enumerate(theirs):
            left = list(mine[r])
            for p in wanted:
                total += 1
                hit = next((q for q in left if same(p, q)), None)
                if hit is None:
                    lost.append((r, p))
                    continue
                left = [q for q in left if q is not hit]
                matched += 1
                delay.append(abs(hit[2] - p[2]) * 1e9)
                if hit[3] > 0 and p[3] > 0:
                    gain.append(abs(10 * np.log10(hit[3] / p[3])))
                    if gain[-1] > 0.1:
                        off.append((r, p, hit))
            extra += len(left)
        ratio = np.median(theirs_s) / np.median(ours_s)
        print("| %s | %d | %d | %d | %.2f %% | %d | %.2g | %.2g | %.2f | %.3f | %.1f |" %
              (name, depth, len(receivers), total, 100.0 * matched / max(total, 1), extra, max(delay), max(gain),
               np.median(theirs_s), np.median(ours_s), ratio))
        sys.stdout.flush()
        print(ours.ready, file=sys.stderr)
        for r, p, hit in off[:args.show]:
            print("gain: receiver %d kinds %s Sionna %.3f dB, here %.3f dB, points %s" %
                  (r, p[0], 10 * np.log10(p[3]), 10 * np.log10(hit[3]), np.round(p[1], 4).tolist()), file=sys.stderr)
        for r, p in lost[:args.show]:
            print("lost: receiver %d kinds %s delay %.6f ns gain %.1f dB points %s" %
                  (r, p[0], p[2] * 1e9, 10 * np.log10(max(p[3], 1e-99)), np.round(p[1], 4).tolist()), file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--scenes", nargs="+", default=list(STATIONS))
    parser.add_argument("--depths", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--refraction", action="store_true")
    parser.add_argument("--receivers", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--verify", action="store_true", help="no comparison: look at every path of beamcue with Mitsuba's rays")
    parser.add_argument("--show", type=int, default=0, help="print this many of the paths that were not found, or whose gain is off by more than 0.1 dB")
    args = parser.parse_args()
    if not args.verify:
        print("| scene | depth | receivers | Sionna's paths | found | others | delay ns | gain dB | Sionna s | beamcue s | ratio |")
        print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in args.scenes:
        compare(name, args)


if __name__ == "__main__":
    main()
