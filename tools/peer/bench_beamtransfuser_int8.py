#!/usr/bin/env python3
"""The full BeamTransFuser (78.4 M parameters, 5 frames of 256x256, one window) in 8 bits: beamcue against OpenVINO after NNCF's post-training
quantisation, and both in f32, in one run, in turns, on the same threads.

OpenVINO runs twice in 8 bits: what stays real in f32 (as beamcue has it) and in what it takes by itself on this processor (bf16 where it has
it). NNCF's `model_type` TRANSFORMER keeps the attention in real numbers, as beamcue does; `--plain` leaves it to NNCF's default, which
quantises the attention's products, too. The quantised network is made once and kept in --folder.

    bench_beamtransfuser_int8.py BENCH_ENGINE --folder DIR [--threads 1] [--rounds 9] [--markdown FILE --command TEXT]
"""
import argparse
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import time

from bench_beamtransfuser import export_onnx, make_inputs
from bench_torch import Contender

CALIBRATION_WINDOWS = 4
PEERS = ("openvino-f32", "openvino-int8", "openvino-int8-auto")


def quantise(folder, plain):
    """The network in f32 and in 8 bits as OpenVINO's own files."""
    import nncf
    import openvino as ov
    import beamtransfuser
    paths = folder / "f32.xml", folder / ("int8-plain.xml" if plain else "int8.xml")
    if all(p.exists() for p in paths):
        return
    network, _ = export_onnx()
    model = ov.Core().read_model(network)
    ov.save_model(model, paths[0], compress_to_fp16=False)
    config = beamtransfuser.preset("full")
    windows = [{name: x.numpy() for name, x in make_inputs(config, 1).items()} for _ in range(CALIBRATION_WINDOWS)]
    made = nncf.quantize(model, nncf.Dataset(windows), subset_size=len(windows), preset=nncf.QuantizationPreset.PERFORMANCE,
                         model_type=None if plain else nncf.ModelType.TRANSFORMER)
    ov.save_model(made, paths[1], compress_to_fp16=False)


def serve(contender, threads, folder, plain):
    import openvino as ov
    import beamtransfuser
    inputs = {name: x.numpy() for name, x in make_inputs(beamtransfuser.preset("full"), 1).items()}
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
    if not contender.endswith("auto"):
        options["INFERENCE_PRECISION_HINT"] = "f32"
    name = "f32.xml" if contender == "openvino-f32" else "int8-plain.xml" if plain else "int8.xml"
    core = ov.Core()
    request = core.compile_model(core.read_model(folder / name), "CPU", options).create_infer_request()
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start, start_cpu = time.perf_counter(), time.process_time()
            request.infer(inputs)
            times.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - start_cpu)))
        print(*(f"{wall:.4f}/{cpu:.4f}" for wall, cpu in times), flush=True)


def both_clocks(contender, count):
    contender.process.stdin.write(f"{count}\n")
    contender.process.stdin.flush()
    return [tuple(map(float, t.split("/"))) for t in contender.process.stdout.readline().split()]


def compare(arguments):
    threads = str(arguments.threads)
    contenders = [Contender("beamcue f32", [arguments.bench, "full", "1", "inference", threads], arguments.threads),
                  Contender("beamcue int8", [arguments.bench, "full", "1", "int8", threads], arguments.threads)]
    more = ["--plain"] if arguments.plain else []
    for peer in PEERS:
        contenders.append(Contender(peer.replace("-", " ", 1), [sys.executable, __file__, "--serve", peer, "--threads", threads, "--folder",
                                                                arguments.folder, *more], arguments.threads))
    for turn in range(arguments.rounds + 1):
        for c in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
            # Idle threads of the one before spin for a while, and the caches hold its data: wait, run once, then measure.
            time.sleep(0.3)
            times = both_clocks(c, 3)[1:]
            if turn > 0:
                c.times.append([statistics.median(clock) for clock in zip(*times)])
    for c in contenders:
        c.close()
    return {c.name: [sorted(clock) for clock in zip(*c.times)] for c in contenders}


def table(arguments, result):
    lines = [f"{arguments.threads} thread{'s' if arguments.threads > 1 else ''}, {arguments.rounds} rounds in turns; load average at the end "
             f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, this comparison included.", "",
             "| program | processor, ms: median | least | wall, ms: median | least | beamcue int8 over it: processor | least | wall | least |",
             "|---|---|---|---|---|---|---|---|---|"]
    own = result["beamcue int8"]
    for name, (wall, cpu) in result.items():
        cells = [f"{clock:.0f}" for times in (cpu, wall) for clock in (statistics.median(times), times[0])]
        if name != "beamcue int8":
            for mine, times in ((own[1], cpu), (own[0], wall)):
                cells += [f"{statistics.median(mine) / statistics.median(times):.2f}", f"{mine[0] / times[0]:.2f}"]
        else:
            cells += [""] * 4
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def heading(arguments):
    import nncf
    import openvino
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    flags = next((l for l in open("/proc/cpuinfo") if l.startswith("flags")), "")
    extras = " ".join(f for f in ("avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if f in flags.split())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return (f"`{arguments.command}`, commit {commit}, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {model} ({extras}), OpenVINO "
            f"{openvino.__version__.split('-')[0]}, NNCF {nncf.__version__}"
            f"{', its default model type' if arguments.plain else ', model type TRANSFORMER'}.\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--folder", required=True, help="where the quantised network is kept")
    parser.add_argument("--plain", action="store_true", help="NNCF's default model type")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--markdown", help="add the table to this file")
    parser.add_argument("--command", default="tools/peer/bench_beamtransfuser_int8.py")
    parser.add_argument("--serve", choices=PEERS)
    arguments = parser.parse_args()
    folder = pathlib.Path(arguments.folder)
    if arguments.serve:
        serve(arguments.serve, arguments.threads, folder, arguments.plain)
        return
    folder.mkdir(parents=True, exist_ok=True)
    quantise(folder, arguments.plain)
    if not arguments.bench:
        return
    text = heading(arguments) + "\n" + table(arguments, compare(arguments))
    if not arguments.markdown:
        print(text)
        return
    with open(arguments.markdown, "a", encoding="ascii") as f:
        f.write("\n" + text)


if __name__ == "__main__":
    main()
