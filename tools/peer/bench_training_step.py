#!/usr/bin/env python3
"""One training step of BeamTransFuser: beamcue against PyTorch (eager, torch.compile, and both with bf16 autocast), in one run, in turns.

A step is batch / micro-batch forward and backward passes with dropout, whose gradients add up, and AdamW. Every contender is a process of its
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


def serve(peer, preset, batch, micro, threads):
    import torch
    import beamtransfuser
    import bench_beamtransfuser
    torch.set_num_threads(threads)
    bench_beamtransfuser.use_fused_attention()
    torch.manual_seed(1)
    config = beamtransfuser.preset(preset)
    model = beamtransfuser.BeamTransFuser(config)
    inputs = bench_beamtransfuser.make_inputs(config, micro)
    labels = torch.randint(0, config.beams, (micro,))
    wrapped = bench_beamtransfuser.wrap(model, list(inputs)).train()
    run = torch.compile(wrapped) if peer.startswith("compile") else wrapped
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    passes = batch // micro

    def step():
        optimizer.zero_grad(set_to_none=True)
        for _ in range(passes):
            with torch.autocast("cpu", torch.bfloat16, enabled=peer.endswith("bf16")):
                loss = torch.nn.functional.cross_entropy(run(*inputs.values()), labels) / passes
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
    parser.add_argument("--preset", default="full", choices=("full", "small"))
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
        print(f"| {name} | {median:.0f} | {least:.0f} | {own / median:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
