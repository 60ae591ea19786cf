#!/usr/bin/env python3
"""One training step of BeamTransFuser, or of a radar student: beamcue against PyTorch (eager, torch.compile, and both with bf16 autocast), in one run, in turns.

A step is batch / micro-batch forward and backward passes with dropout, whose gradients add up, and AdamW (students: without
dropout, SGD with momentum). Every contender is a process of its
own that answers on a pipe; the peak is its largest resident set (VmHWM), so PyTorch's includes the interpreter and its libraries.

    bench_training_step.py BENCH_STEP [--preset full] [--batch 8] [--micro 2] [--threads 2] [--rounds 5] [--contenders eager,compile]
"""
import argparse
import os
import statistics
import sys
import time

from bench_torch import Contender

PEERS = ("eager", "compile", "eager-bf16", "compile-bf16")


def make_student(preset, micro):
    """The networks of models/radar_student.c at the paper's size, with their inputs; rows are all filled."""
    import torch
    from torch import nn
    radar = torch.randn(micro, 5, 1, 512, 5)
    radar[..., 4] = 1
    if preset == "student":
        sizes = [5 * 512 * 5, *[804] * 5, 152]
        layers = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(nn.Flatten(1), *layers[:-1]), radar

    class Pool(nn.Module):
        def __init__(self, width, queries):
            super().__init__()
            self.score = nn.Linear(width, queries)

        def forward(self, x, mask=None):
            score = self.score(x)
            if mask is not None:
                score = score + (mask * 1e4 - 1e4)
            return torch.softmax(score, 1).transpose(1, 2) @ x

    class PointStudent(nn.Module):
        def __init__(self, width=64, queries=8, hidden=256, frames=5):
            super().__init__()
            self.points = nn.Sequential(nn.Linear(5, width // 2), nn.ReLU(), nn.Linear(width // 2, width), nn.ReLU())
            self.pool, self.frames = Pool(width, queries), Pool(hidden, queries)
            self.frame, self.middle, self.head = nn.Linear(queries * width, hidden), nn.Linear(queries * hidden, hidden), nn.Linear(hidden, 152)
            self.place = nn.Parameter(torch.zeros(1, frames, hidden))

        def forward(self, radar):
            batch, frames = radar.shape[:2]
            lists = radar.flatten(0, 2)
            mask = lists[..., 4:5]
            x = torch.relu(self.frame(self.pool(self.points(lists) * mask, mask).flatten(1)))
            x = self.frames(x.unflatten(0, (batch, frames)) + self.place).flatten(1)
            return self.head(torch.relu(self.middle(x)))
    return PointStudent(), radar


def serve(peer, preset, batch, micro, threads):
    import torch
    torch.set_num_threads(threads)
    if preset.endswith("student"):
        torch.manual_seed(1)
        model, radar = make_student(preset, micro)
        loop(peer, model.train(), [radar], 152, torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9), batch, micro)
        return
    import beamtransfuser
    import bench_beamtransfuser
    bench_beamtransfuser.use_fused_attention()
    torch.manual_seed(1)
    config = beamtransfuser.preset(preset)
    model = beamtransfuser.BeamTransFuser(config)
    inputs = bench_beamtransfuser.make_inputs(config, micro)
    wrapped = bench_beamtransfuser.wrap(model, list(inputs)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    loop(peer, wrapped, list(inputs.values()), config.beams, optimizer, batch, micro)


def loop(peer, model, inputs, beams, optimizer, batch, micro):
    import torch
    labels = torch.randint(0, beams, (micro,))
    run = torch.compile(model) if peer.startswith("compile") else model
    passes = batch // micro

    def step():
        optimizer.zero_grad(set_to_none=True)
        for _ in range(passes):
            with torch.autocast("cpu", torch.bfloat16, enabled=peer.endswith("bf16")):
                loss = torch.nn.functional.cross_entropy(run(*inputs), labels) / passes
            loss.backward()
        optimizer.step()
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start, start_cpu = time.perf_counter(), time.process_time()
            step()
            times.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - start_cpu)))
        print(*(f"{wall:.4f}/{cpu:.4f}" for wall, cpu in times), flush=True)


def peak_mb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024e-6


def compare(arguments):
    numbers = [str(arguments.batch), str(arguments.micro), str(arguments.threads)]
    contenders = [Contender("beamcue", [arguments.bench, arguments.preset, *numbers], arguments.threads)]
    for peer in arguments.contenders.split(","):
        contenders.append(Contender(peer, [sys.executable, __file__, "--serve", peer, arguments.preset, *numbers], arguments.threads))
    for turn in range(arguments.rounds + 1):
        for c in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
            time.sleep(0.3)  # idle threads of the one before spin for a while
            taken = c.run(1, arguments.cpu)
            if turn > 0:
                c.times += taken
    peaks = {c.name: peak_mb(c.process) for c in contenders}
    for c in contenders:
        c.close()
    return {c.name: (statistics.median(c.times), min(c.times), peaks[c.name]) for c in contenders}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--preset", default="full", choices=("full", "small", "student", "point-student"))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--micro", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall clock")
    parser.add_argument("--contenders", default=",".join(PEERS), help="only these peers")
    parser.add_argument("--serve", nargs=5)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], arguments.serve[1], *(int(n) for n in arguments.serve[2:]))
        return
    result = compare(arguments)
    own = result["beamcue"][0]
    print(f"{arguments.preset}, batch {arguments.batch} in micro-batches of {arguments.micro}, {arguments.threads} threads, "
          f"{'processor time' if arguments.cpu else 'wall clock'}, {arguments.rounds} rounds in turns, load average at the end "
          f"{os.getloadavg()[0]:.1f}.\n\n| program | median (ms) | least (ms) | beamcue's median over it | peak memory (MB) |\n|---|---|---|---|---|")
    for name, (median, least, peak) in result.items():
        print(f"| {name} | {median:.1f} | {least:.1f} | {own / median:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
