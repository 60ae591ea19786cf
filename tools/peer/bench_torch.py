#!/usr/bin/env python3
"""ResNet-18 and -34 at 256x256: beamcue against PyTorch and ONNX Runtime, in one run, on the same threads.

Every contender is a process of its own that answers on a pipe; the driver lets them run in turns (A B C A B C ...), so that whatever else
the machine does hits all of them alike, and compares medians of the rounds. A training run is forward and backward, without the optimiser.
With --cpu the processor time is compared instead of the wall clock, which on one thread says the same on a busy machine as on an idle one.

    bench_torch.py BENCH_ENGINE [--threads 2] [--rounds 15] [--cpu] [--markdown FILE --command TEXT]
"""
import argparse
import datetime
import os
import statistics
import subprocess
import sys
import time

CASES = [(depth, batch, mode) for mode in ("inference", "training") for depth in (18, 34) for batch in (1, 8)]
CLASSES = 64


def torch_resnet(depth):
    import torch
    import torch.nn as nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1 or inputs != outputs:
                self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            y += x if self.downsample is None else self.downsample(x)
            return self.relu(y)

    layers, inputs = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, blocks in enumerate({18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}[depth]):
        for block in range(blocks):
            layers.append(Block(inputs, 64 << stage, 2 if stage > 0 and block == 0 else 1))
            inputs = 64 << stage
    return torch.nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES))


def make_torch(depth, batch, mode, threads, channels_last=False):
    import torch
    torch.set_num_threads(threads)
    model, x = torch_resnet(depth), torch.rand(batch, 3, 256, 256) * 2 - 1
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    if mode == "inference":
        # The fastest that stock PyTorch offers: traced, batch norm folded, frozen.
        with torch.inference_mode():
            traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model.eval(), x)))

        def run():
            with torch.inference_mode():
                traced(x)
        return run
    labels = torch.randint(0, CLASSES, (batch,))
    model.train()

    def step():
        model.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x), labels).backward()
    return step


def make_onnxruntime(depth, batch, mode, threads):
    import io
    import warnings
    import numpy as np
    import onnxruntime as ort
    import torch
    assert mode == "inference"
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(torch_resnet(depth).eval(), torch.rand(batch, 3, 256, 256), buffer, dynamo=False, input_names=["x"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).uniform(-1, 1, (batch, 3, 256, 256)).astype(np.float32)
    return lambda: session.run(None, {"x": x})


def serve(contender, depth, batch, mode, threads):
    if contender == "onnxruntime":
        run = make_onnxruntime(depth, batch, mode, threads)
    else:
        run = make_torch(depth, batch, mode, threads, contender == "torch-nhwc")
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start, start_cpu = time.perf_counter(), time.process_time()
            run()
            times.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - start_cpu)))
        print(*(f"{wall:.4f}/{cpu:.4f}" for wall, cpu in times), flush=True)


class Contender:
    def __init__(self, name, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.name, self.times = name, []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        if not self.process.stdout.readline().startswith("ready"):
            sys.exit(f"{name} did not start")

    def run(self, count, cpu):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return [float(t.split("/")[1 if cpu else 0]) for t in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(bench, depth, batch, mode, threads, rounds, cpu):
    arguments = [str(depth), str(batch), mode, str(threads)]
    peers = ["torch", "torch-nhwc"] + (["onnxruntime"] if mode == "inference" else [])
    contenders = [Contender("beamcue", [bench] + arguments, threads)]
    contenders += [Contender(p, [sys.executable, __file__, "--serve", p] + arguments, threads) for p in peers]
    per_turn = 4 if mode == "inference" and batch == 1 else 1
    for turn in range(rounds + 1):
        for c in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
            # Idle threads of the one before spin for a while, and the caches hold its data: wait, run once, then measure.
            time.sleep(0.3)
            times = c.run(per_turn + 1, cpu)[1:]
            if turn > 0:
                c.times.append(statistics.median(times))
    for c in contenders:
        c.close()
    return {c.name: (statistics.median(c.times), min(c.times)) for c in contenders}


def table(arguments, rows):
    clock = "processor time" if arguments.cpu else "wall clock"
    lines = [f"## {arguments.threads} thread{'s' if arguments.threads > 1 else ''}, {clock}", "",
             f"Milliseconds, median of {arguments.rounds} interleaved rounds (least in brackets); load average at the end "
             f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, this comparison included.", "",
             "| model | batch | mode | beamcue | PyTorch | PyTorch channels-last | ONNX Runtime | ratio to the faster PyTorch | ratio to ONNX Runtime |",
             "|---|---|---|---|---|---|---|---|---|"]
    for (depth, batch, mode), r in rows:
        cell = lambda name: f"{r[name][0]:.1f} ({r[name][1]:.1f})" if name in r else "-"
        own, torch_best = r["beamcue"][0], min(r["torch"][0], r["torch-nhwc"][0])
        ort = f"{own / r['onnxruntime'][0]:.2f}" if "onnxruntime" in r else "-"
        lines.append(f"| ResNet-{depth} | {batch} | {mode} | {cell('beamcue')} | {cell('torch')} | {cell('torch-nhwc')} | "
                     f"{cell('onnxruntime')} | {own / torch_best:.2f} | {ort} |")
    return "\n".join(lines) + "\n"


def heading(arguments):
    import onnxruntime
    import torch
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return f"""# ResNet speed

`{arguments.command}`, commit {commit}, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {model}, f32.
Peers: PyTorch {torch.__version__} (inference: traced, frozen, optimize_for_inference; two memory layouts), ONNX Runtime {onnxruntime.__version__}.

ResNet with 64 classes on 256x256x3 pictures. Training is forward and backward, without the optimiser. A ratio is beamcue's median over the
peer's: below 1 beamcue is faster.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall clock")
    parser.add_argument("--cases", help="only these, e.g. 18-1-inference,34-8-training")
    parser.add_argument("--markdown", help="write the table to this file")
    parser.add_argument("--append", action="store_true", help="add to the file of --markdown")
    parser.add_argument("--command", default="tools/peer/bench_torch.py")
    parser.add_argument("--serve", nargs=5)
    arguments = parser.parse_args()
    if arguments.serve:
        contender, depth, batch, mode, threads = arguments.serve
        serve(contender, int(depth), int(batch), mode, int(threads))
        return
    wanted = [c for c in CASES if not arguments.cases or "-".join(map(str, c)) in arguments.cases.split(",")]
    rows = []
    for case in wanted:
        result = compare(arguments.bench, *case, arguments.threads, arguments.rounds, arguments.cpu)
        rows.append((case, result))
        print(*case, {k: f"{v[0]:.1f} ({v[1]:.1f})" for k, v in result.items()}, file=sys.stderr, flush=True)
    text = table(arguments, rows)
    if not arguments.markdown:
        print(text)
        return
    with open(arguments.markdown, "a" if arguments.append else "w", encoding="ascii") as f:
        f.write(("" if arguments.append else heading(arguments)) + "\n" + text)


if __name__ == "__main__":
    main()
