#!/usr/bin/env python3
"""The full BeamTransFuser (78.4 M parameters, 5 frames of 256x256): beamcue against PyTorch (eager and torch.compile), ONNX Runtime and
OpenVINO, all in f32, in one run, in turns, on the same threads.

Every contender is a process of its own that answers on a pipe (bench_torch.py). Peers get what makes them fast: PyTorch its fused attention,
a frozen trace or torch.compile; OpenVINO its latency hint. A training run is forward and backward of one micro-batch, without the optimiser.

    bench_beamtransfuser.py BENCH_ENGINE [--threads 2] [--rounds 15] [--contenders torch,openvino] [--markdown FILE --command TEXT]
"""
import argparse
import datetime
import os
import statistics
import subprocess
import sys
import time

from bench_torch import Contender

TRAINING_BATCH = 2
PEERS = {"inference": ("torch", "torch-compile", "onnxruntime", "openvino"), "training": ("torch", "torch-compile")}


def use_fused_attention():
    import torch.nn.functional as F
    import beamtransfuser

    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.weight_dropout.p if self.training else 0.0)
        return self.dropout(self.proj(y.transpose(1, 2).flatten(2)))

    beamtransfuser.Attention.forward = forward


def make_model():
    import torch
    import beamtransfuser
    use_fused_attention()
    torch.manual_seed(1)
    config = beamtransfuser.preset("full")
    return beamtransfuser.BeamTransFuser(config), config


def make_inputs(config, batch):
    import torch
    import beamtransfuser
    inputs = {m: torch.rand(batch, config.frames, beamtransfuser.CHANNELS[m], *config.size[m]) * 2 - 1 for m in config.pictures()}
    inputs["position"] = torch.rand(batch, config.fixes, 2) * 2 - 1
    return inputs


def wrap(model, names):
    """The network as a function of tensors in a fixed order, for tracing and export."""
    import torch

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *tensors):
            return self.model(dict(zip(names, tensors)))

    return Wrapped()


def make_torch(mode, threads, compiled):
    import torch
    torch.set_num_threads(threads)
    model, config = make_model()
    batch = 1 if mode == "inference" else TRAINING_BATCH
    inputs = make_inputs(config, batch)
    wrapped, tensors = wrap(model, list(inputs)), list(inputs.values())
    if mode == "inference":
        wrapped.eval()
        with torch.inference_mode():
            run_it = torch.compile(wrapped) if compiled else torch.jit.optimize_for_inference(
                torch.jit.freeze(torch.jit.trace(wrapped, tuple(tensors), check_trace=False)))
            for _ in range(3):
                run_it(*tensors)

        def run():
            with torch.inference_mode():
                run_it(*tensors)
        return run
    wrapped.train()
    run_it = torch.compile(wrapped) if compiled else wrapped
    labels = torch.randint(0, config.beams, (batch,))

    def step():
        wrapped.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(run_it(*tensors), labels).backward()
    step()
    return step


def export_onnx():
    """The exporter that knows all shapes: the older one leaves sizes to be computed at run time."""
    import io
    import warnings
    import torch
    model, config = make_model()
    inputs = make_inputs(config, 1)
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(wrap(model, list(inputs)).eval(), tuple(inputs.values()), dynamo=True, input_names=list(inputs),
                                    verbose=False)
    program.save(buffer)
    return buffer.getvalue(), {name: x.numpy() for name, x in inputs.items()}


def make_onnxruntime(threads):
    import onnxruntime as ort
    network, inputs = export_onnx()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, inputs)


def make_openvino(threads):
    import openvino as ov
    network, inputs = export_onnx()
    core = ov.Core()
    model = core.compile_model(core.read_model(network), "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1})
    request = model.create_infer_request()
    return lambda: request.infer(inputs)


def serve(contender, mode, threads):
    if contender == "onnxruntime":
        run = make_onnxruntime(threads)
    elif contender == "openvino":
        run = make_openvino(threads)
    else:
        run = make_torch(mode, threads, contender == "torch-compile")
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start, start_cpu = time.perf_counter(), time.process_time()
            run()
            times.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - start_cpu)))
        print(*(f"{wall:.4f}/{cpu:.4f}" for wall, cpu in times), flush=True)


def compare(arguments, mode):
    threads, batch = str(arguments.threads), "1" if mode == "inference" else str(TRAINING_BATCH)
    wanted = arguments.contenders.split(",") if arguments.contenders else PEERS[mode]
    contenders = [Contender("beamcue", [arguments.bench, "full", batch, mode, threads], arguments.threads)]
    for peer in PEERS[mode]:
        if peer in wanted:
            contenders.append(Contender(peer, [sys.executable, __file__, "--serve", peer, mode, threads], arguments.threads))
    for turn in range(arguments.rounds + 1):
        for c in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
            # Idle threads of the one before spin for a while, and the caches hold its data: wait, run once, then measure.
            time.sleep(0.3)
            times = c.run(2, arguments.cpu)[1:]
            if turn > 0:
                c.times.append(statistics.median(times))
    for c in contenders:
        c.close()
    return {c.name: sorted(c.times) for c in contenders}


def table(arguments, rows):
    clock = "processor time" if arguments.cpu else "wall clock"
    lines = [f"## {arguments.threads} thread{'s' if arguments.threads > 1 else ''}, {clock}", "",
             f"Milliseconds over {arguments.rounds} interleaved rounds; load average at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} "
             "cores, this comparison included. The ratio is beamcue's median over the peer's: below 1 beamcue is faster.", "",
             "| mode | batch | program | median | least | p95 | ratio |", "|---|---|---|---|---|---|---|"]
    for mode, result in rows:
        own = statistics.median(result["beamcue"])
        for name, times in result.items():
            ratio = f"{own / statistics.median(times):.2f}" if name != "beamcue" else ""
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            lines.append(f"| {mode} | {1 if mode == 'inference' else TRAINING_BATCH} | {name} | {statistics.median(times):.0f} | "
                         f"{times[0]:.0f} | {p95:.0f} | {ratio} |")
    return "\n".join(lines) + "\n"


def heading(arguments):
    import onnxruntime
    import openvino
    import torch
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    flags = next((l for l in open("/proc/cpuinfo") if l.startswith("flags")), "")
    extras = " ".join(f for f in ("avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if f in flags.split())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return f"""# BeamTransFuser speed

`{arguments.command}`, commit {commit}, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {model} ({extras}), f32.
The full network: 78,422,528 parameters, 5 frames of 256x256 for camera, LiDAR and radar, 2 fixes. Peers: PyTorch {torch.__version__} (traced,
frozen, optimize_for_inference; torch.compile; both with scaled_dot_product_attention), ONNX Runtime {onnxruntime.__version__}, OpenVINO
{openvino.__version__.split('-')[0]}. Training is forward and backward of one micro-batch, dropout on, without the optimiser.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall clock")
    parser.add_argument("--modes", default="inference,training")
    parser.add_argument("--contenders", help="only these peers")
    parser.add_argument("--markdown", help="write the table to this file")
    parser.add_argument("--append", action="store_true", help="add to the file of --markdown")
    parser.add_argument("--command", default="tools/peer/bench_beamtransfuser.py")
    parser.add_argument("--serve", nargs=3)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve[0], arguments.serve[1], int(arguments.serve[2]))
        return
    rows = []
    for mode in arguments.modes.split(","):
        rows.append((mode, compare(arguments, mode)))
        print(mode, {k: f"{statistics.median(v):.0f}" for k, v in rows[-1][1].items()}, file=sys.stderr, flush=True)
    text = table(arguments, rows)
    if not arguments.markdown:
        print(text)
        return
    with open(arguments.markdown, "a" if arguments.append else "w", encoding="ascii") as f:
        f.write(("" if arguments.append else heading(arguments)) + "\n" + text)


if __name__ == "__main__":
    main()
