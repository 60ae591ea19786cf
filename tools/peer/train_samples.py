#!/usr/bin/env python3
"""Trains BeamTransFuser's PyTorch twin (beamtransfuser.py) on windows of `beamcue export-samples` (packed by pack_samples.py), many
models at once: on a GPU every model's step is one captured graph on a stream of its own.

    train_samples.py KIT OUT --jobs FILE [--device cuda] [--seconds 500] [--workers 2] [--epochs 25] [--batch 48] [--lr 1.2e-3]

FILE, JSON: a list of {"name", "windows" (a set of the kit), "sensors", "dropout" (of modalities, true or false), "without" (test with each sensor
left out), "runs": [[level of GNSS error, seed], ...], "keep": those runs whose weights are wanted}. OUT/results-N.npz gets, of every model, logits on
validation and test of the weights (running average) with the best validation DBA, and its history; `cut` is the number of epochs that it had
if time ran out, else 0. Not a part of beamcue: it was written to train many networks in a few minutes of a borrowed GPU."""
import argparse
import io
import json
import lzma
import math
import pathlib
import time
import traceback

import numpy as np
import torch
import torch.nn.functional as F

import beamtransfuser as twin

DROP = {"camera": 0.1, "lidar": 0.1, "radar": 0.1, "gps": 0.15}
EMA, CLIP, DECAY, SIGMA, REACH, WARM = 0.98, 1.0, 0.01, 1.5, 5, 1
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def fused_attention():
    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
    twin.Attention.forward = forward


class Data:
    def __init__(self, kit, device, sensors):
        kit = pathlib.Path(kit)
        self.frames, self.device = {}, device
        self.windows = np.load(kit / "windows.npz")
        if "camera" in sensors:
            from PIL import Image
            from concurrent.futures import ThreadPoolExecutor
            packed = np.load(kit / "camera.npz")
            data, ends = packed["data"].tobytes(), np.cumsum(packed["size"])
            with ThreadPoolExecutor(8) as pool:
                pictures = list(pool.map(lambda i: np.asarray(Image.open(io.BytesIO(data[(ends[i - 1] if i else 0):ends[i]]))), range(len(ends))))
            self.frames["camera"] = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous().to(device)
        for m in ("lidar", "radar"):
            if m in sensors:
                raw = np.frombuffer(lzma.decompress((kit / f"{m}.xz").read_bytes()), np.uint8)
                self.frames[m] = torch.from_numpy(raw.reshape(-1, twin.CHANNELS[m], 128, 128).copy()).to(device)

    def part(self, name, side):
        rows = np.flatnonzero((self.windows[f"{name}.split"] == side) & (self.windows[f"{name}.label"] >= 0))
        return torch.from_numpy(rows).to(self.device)

    def tensor(self, key):
        return torch.from_numpy(self.windows[key]).to(self.device)


def inputs_of(data, sensors, frames, position, draw=None):
    """Of windows whose rows of frames and fixes are given. draw: flip, brightness, contrast, gamma, gain, one each a window."""
    found, b, p = {}, frames.shape[0], frames.shape[1]
    at = frames.flatten().long()
    wide = lambda x: x.repeat_interleave(p).view(-1, 1, 1, 1)
    if "camera" in sensors:
        x = data.frames["camera"][at].float() / 255
        if draw is not None:
            x = torch.where(wide(draw["flip"]) > 0, x.flip(3), x)
            x = (x * wide(draw["brightness"])).clamp(0, 1)
            grey = (0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2]).mean((1, 2)).view(-1, 1, 1, 1)
            x = (grey + wide(draw["contrast"]) * (x - grey)).clamp(0, 1)
            x = x.clamp(min=1e-6) ** wide(draw["gamma"])
        mean, std = data.mean, data.std
        found["camera"] = ((x - mean) / std).view(b, p, *x.shape[1:])
    if "lidar" in sensors:
        x = data.frames["lidar"][at].float() / 5
        if draw is not None:
            x = torch.where(wide(draw["flip"]) > 0, x.flip(3), x)
        found["lidar"] = x.view(b, p, *x.shape[1:])
    if "radar" in sensors:
        x = (data.frames["radar"][at].float() / 63) ** 2
        if draw is not None:
            mirrored = torch.cat([x[..., :1], x[..., 1:].flip(3)], 3)
            flip = wide(draw["flip"])
            # range-angle is mirrored, range-velocity stays
            x = torch.where(flip > 0, torch.cat([mirrored[:, :1], x[:, 1:]], 1), x)
            x = x * wide(draw["gain"])
        found["radar"] = x.view(b, p, *x.shape[1:])
    if "gps" in sensors:
        x = position
        if draw is not None:
            east = torch.where(draw["flip"].view(-1, 1) > 0, -x[..., 0], x[..., 0])
            x = torch.stack([east, x[..., 1]], -1)
        found["position"] = x
    if draw is not None and "keep" in draw:
        for i, m in enumerate(sensors):
            key = "position" if m == "gps" else m
            found[key] = found[key] * draw["keep"][:, i].view(-1, *[1] * (found[key].dim() - 1))
    return found


def dba(logits, label):
    order = logits.topk(3, 1).indices
    away = ((order - label[:, None]).abs().float() / 5).clamp(max=1)
    return (1 - away.cummin(1).values.mean(0)).mean()


class Learner:
    """One model with everything that a captured step reads and writes."""

    def __init__(self, data, job, options):
        self.data, self.job, self.options = data, job, options
        self.sensors = job["sensors"]
        self.train, self.validation, self.test = (data.part(job["windows"], s) for s in (1, 2, 3))
        self.frames, self.label = data.tensor(f"{job['windows']}.frames"), data.tensor(f"{job['windows']}.label").long()
        self.stream = torch.cuda.Stream() if data.device == "cuda" else None
        self.position = torch.empty_like(data.tensor(f"{job['windows']}.position0"))
        self.rows = self.train.cpu().numpy()
        self.steps = len(self.train) // options.batch
        self.total = self.steps * options.epochs
        dev = data.device
        self.order = torch.zeros(self.steps, options.batch, dtype=torch.long, device=dev)
        self.draws = {k: torch.ones(self.steps, options.batch, device=dev) for k in ("flip", "brightness", "contrast", "gamma", "gain")}
        self.draws["keep"] = torch.ones(self.steps, options.batch, len(self.sensors), device=dev)
        self.at = torch.zeros((), dtype=torch.long, device=dev)        # step in the epoch
        self.done = torch.zeros((), dtype=torch.long, device=dev)      # step of the run
        steps = np.arange(self.total)
        warm = WARM * self.steps
        rate = np.where(steps < warm, (steps + 1) / warm, 0.5 * (1 + np.cos(math.pi * (steps - warm) / max(1, self.total - warm))))
        self.rate = torch.tensor(options.lr * rate, dtype=torch.float32, device=dev)
        distance = torch.arange(64)
        weight = torch.exp(-0.5 * (distance[:, None] - distance[None]).float().pow(2) / SIGMA ** 2)
        weight = weight * ((distance[:, None] - distance[None]).abs() <= REACH)
        self.targets = (weight / weight.sum(1, keepdim=True)).to(dev)
        self.loss_sum = torch.zeros((), device=dev)
        self.make()
        self.graph = None

    def make(self):
        config = twin.preset("small", modalities=tuple(self.sensors), frames=self.frames.shape[1], dropout=0.0, anchors=4)
        torch.manual_seed(1)
        self.model = twin.BeamTransFuser(config).to(self.data.device, memory_format=torch.channels_last)
        self.mean = twin.BeamTransFuser(config).to(self.data.device, memory_format=torch.channels_last).eval()
        named = dict(self.model.named_parameters())
        decay = [p for n, p in named.items() if p.dim() > 1 and "pos_emb" not in n]
        plain = [p for n, p in named.items() if not (p.dim() > 1 and "pos_emb" not in n)]
        cuda = self.data.device == "cuda"
        self.lr = torch.zeros((), device=self.data.device)
        self.optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}],
                                           lr=self.lr if cuda else 1e-3, betas=(0.9, 0.999), capturable=cuda, foreach=True)
        self.live = [t for t in (*self.model.parameters(), *self.model.buffers()) if t.is_floating_point()]
        self.averaged = [t for t in (*self.mean.parameters(), *self.mean.buffers()) if t.is_floating_point()]
        self.decay = torch.zeros((), device=self.data.device)

    def restart(self, level, seed):
        """Fresh weights in place, so that the captured graph goes on being right."""
        torch.manual_seed(1000 + seed)
        config = self.model.config
        with torch.no_grad():
            fresh = twin.BeamTransFuser(config).state_dict()
            own, mean = self.model.state_dict(), self.mean.state_dict()
            for name, value in fresh.items():
                own[name].copy_(value)
                mean[name].copy_(value)
            for group in self.optimizer.state.values():
                for value in group.values():
                    if torch.is_tensor(value):
                        value.zero_()
            self.position.copy_(self.data.tensor(f"{self.job['windows']}.position{level}"))
            self.done.zero_()
        self.level, self.seed, self.epoch, self.best, self.history = level, seed, 0, -1.0, []
        self.random = np.random.default_rng(seed)

    def draw(self):
        r, s, b = self.random, self.steps, self.options.batch
        order = r.permutation(self.rows)[:s * b].reshape(s, b)
        change = r.random((s, b)) < 0.8
        around = lambda d: np.where(change, 1 + r.uniform(-d, d, (s, b)), 1)
        values = {"flip": (r.random((s, b)) < 0.5).astype(float), "brightness": around(0.2), "contrast": around(0.2),
                  "gamma": np.where(change, np.exp(r.uniform(-1, 1, (s, b)) * math.log1p(0.3)), 1), "gain": around(0.1)}
        keep = np.ones((s, b, len(self.sensors)))
        if self.job["dropout"] and len(self.sensors) > 1:
            for i, m in enumerate(self.sensors):
                keep[..., i] = r.random((s, b)) >= DROP[m]
            keep[keep.sum(2) == 0] = 1
        self.order.copy_(torch.from_numpy(order))
        for k, v in values.items():
            self.draws[k].copy_(torch.from_numpy(v.astype(np.float32)))
        self.draws["keep"].copy_(torch.from_numpy(keep.astype(np.float32)))
        self.at.zero_()
        self.loss_sum.zero_()

    def step(self):
        at = self.at
        rows = self.order.index_select(0, at.view(1)).squeeze(0)
        draw = {k: v.index_select(0, at.view(1)).squeeze(0) for k, v in self.draws.items()}
        label = self.label[rows]
        label = torch.where(draw["flip"] > 0, 63 - label, label)
        inputs = inputs_of(self.data, self.sensors, self.frames[rows], self.position[rows], draw)
        loss = -(self.targets[label] * F.log_softmax(self.model(inputs), 1)).sum(1).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP, foreach=True)
        rate = self.rate.index_select(0, self.done.view(1)).squeeze(0)
        if self.data.device == "cuda":
            self.lr.copy_(rate)
        else:
            for group in self.optimizer.param_groups:
                group["lr"] = float(rate)
        self.optimizer.step()
        with torch.no_grad():
            n = self.done.float()
            keep = torch.minimum((1 + n) / (10 + n), torch.full_like(n, EMA))
            torch._foreach_mul_(self.averaged, keep)
            torch._foreach_add_(self.averaged, torch._foreach_mul(self.live, 1 - keep))
            self.loss_sum += loss.detach()
            self.at += 1
            self.done += 1

    def capture(self):
        if self.stream is None:
            return
        self.restart(0, 1)
        self.draw()
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            for _ in range(3):
                self.step()
        torch.cuda.synchronize()
        self.optimizer.zero_grad(set_to_none=True)
        self.at.zero_()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.step()
        torch.cuda.synchronize()

    def run_step(self):
        if self.graph is None:
            self.step()
            return
        with torch.cuda.stream(self.stream):
            self.graph.replay()

    @torch.no_grad()
    def answers(self, rows):
        out = []
        for part in rows.split(512):
            out.append(self.mean(inputs_of(self.data, self.sensors, self.frames[part], self.position[part])))
        return torch.cat(out)

    def end_epoch(self):
        """Validation, on the learner's stream; the host waits once for all learners afterwards."""
        logits = self.answers(self.validation)
        self.score = dba(logits, self.label[self.validation])
        self.top1 = (logits.argmax(1) == self.label[self.validation]).float().mean()
        self.answer = logits

    def judge(self):
        score = float(self.score)
        self.history.append([float(self.loss_sum) / self.steps, float(self.top1), score])
        self.epoch += 1
        if score > self.best:
            self.best = score
            self.best_state = {k: v.clone() for k, v in self.mean.state_dict().items()}
            self.best_validation = self.answer.clone()

    def finish(self):
        with torch.no_grad():
            self.mean.load_state_dict(self.best_state)
            test = self.answers(self.test)
            missing = {}
            if self.job.get("without"):
                for i, m in enumerate(self.sensors):
                    parts = []
                    for part in self.test.split(512):
                        x = inputs_of(self.data, self.sensors, self.frames[part], self.position[part])
                        key = "position" if m == "gps" else m
                        x[key] = torch.zeros_like(x[key])
                        parts.append(self.mean(x))
                    missing[m] = torch.cat(parts)
        half = lambda x: x.float().cpu().numpy().astype(np.float16)
        record = {"validation": half(self.best_validation), "test": half(test), "history": np.array(self.history, np.float32)}
        record.update({f"without.{m}": half(x) for m, x in missing.items()})
        return record, {k: v.float().cpu() if v.is_floating_point() else v.cpu() for k, v in self.best_state.items()}


def run_job(data, job, options, deadline):
    started, results, states = time.time(), {}, {}
    waiting = [tuple(x) for x in job["runs"]]
    learners = [Learner(data, job, options) for _ in range(min(len(waiting), job.get("together", options.together)))]
    for learner in learners:
        learner.capture()
    captured = time.time()
    if data.device == "cuda":
        learners[0].restart(0, 1)
        learners[0].draw()
        torch.cuda.synchronize()
        begun = time.time()
        for _ in range(5):
            learners[0].run_step()
        launched = time.time()
        torch.cuda.synchronize()
        print(f"{job['name']}: five steps alone launched in {1e3 * (launched - begun):.1f} ms, done in {1e3 * (time.time() - begun):.1f} ms", flush=True)
        captured = time.time()
    print(f"{job['name']}: {len(learners)} captured in {captured - started:.1f} s, {learners[0].steps} steps an epoch", flush=True)
    while waiting and time.time() < deadline:
        active = []
        for learner in learners:
            if waiting:
                learner.restart(*waiting.pop(0))
                active.append(learner)
        cut = False
        for epoch in range(options.epochs):
            begun = time.time()
            for learner in active:
                learner.draw()
            if data.device == "cuda":
                torch.cuda.synchronize()
            for _ in range(active[0].steps if not options.quick else options.quick):
                for learner in active:
                    learner.run_step()
            for learner in active:
                if learner.stream is not None:
                    learner.stream.synchronize()
                    with torch.cuda.stream(learner.stream):
                        learner.end_epoch()
                else:
                    learner.end_epoch()
            if data.device == "cuda":
                torch.cuda.synchronize()
            for learner in active:
                learner.judge()
            if epoch in (0, 1, 4, 9, 19, options.epochs - 1):
                print(f"{job['name']} epoch {epoch + 1}: {time.time() - begun:.2f} s, " +
                      " ".join(f"{x.level}/{x.seed}:{100 * x.history[-1][1]:.0f}/{x.history[-1][2]:.3f}" for x in active[:6]), flush=True)
            if time.time() > deadline:
                cut = True
                break
        for learner in active:
            key = f"{job['name']}/{learner.level}/{learner.seed}"
            record, state = learner.finish()
            for k, v in record.items():
                results[f"{key}/{k}"] = v
            results[f"{key}/cut"] = np.array([learner.epoch if cut else 0])
            if [learner.level, learner.seed] in job.get("keep", []):
                states[key] = state
    print(f"{job['name']}: {len(job['runs']) - len(waiting)} models in {time.time() - started:.1f} s", flush=True)
    return results, states


def worker(number, options, jobs, queue, out, deadline):
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = options.device == "cuda"
    torch.set_num_threads(2)
    fused_attention()
    sensors = {m for j in jobs for m in j["sensors"]}
    data = Data(options.kit, options.device, sensors)
    data.mean, data.std = (torch.tensor(x, device=options.device).view(1, 3, 1, 1) for x in (MEAN, STD))
    print(f"worker {number}: data after {time.time() - options.begun:.1f} s", flush=True)
    while True:
        with queue.get_lock():
            at = queue.value
            queue.value += 1
        if at >= len(jobs) or time.time() > deadline:
            return
        try:
            results, states = run_job(data, jobs[at], options, deadline)
        except Exception as e:  # one job must not take the others with it
            traceback.print_exc()
            print(f"{jobs[at]['name']} failed: {e}", flush=True)
            torch.cuda.empty_cache()
            continue
        np.savez(out / f"part-{jobs[at]['name']}.npz", **results)
        for key, state in states.items():
            torch.save({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, out / f"weights-{key.replace('/', '-')}.pt")
        if options.device == "cuda":
            torch.cuda.empty_cache()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kit")
    p.add_argument("out")
    p.add_argument("--jobs", required=True)
    p.add_argument("--device", default="cuda")
    p.add_argument("--seconds", type=float, default=500, help="models that are not done by then are cut, and say so")
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--batch", type=int, default=48)
    p.add_argument("--lr", type=float, default=1.2e-3)
    p.add_argument("--together", type=int, default=3, help="models of a job that learn at once")
    p.add_argument("--quick", type=int, default=0, help="only so many steps an epoch, to try the program")
    options = p.parse_args()
    options.begun = time.time()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    jobs = json.loads(pathlib.Path(options.jobs).read_text())
    context = torch.multiprocessing.get_context("spawn")
    queue = context.Value("i", 0)
    deadline = options.begun + options.seconds
    workers = [context.Process(target=worker, args=(i, options, jobs, queue, out, deadline)) for i in range(options.workers)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(max(1.0, deadline + 25 - time.time()))
        if w.is_alive():
            w.terminate()
    parts, size, chunk = {}, 0, 0
    for file in sorted(out.glob("part-*.npz")):
        try:
            loaded = dict(np.load(file))
        except Exception as e:
            print(f"{file}: {e}", flush=True)
            continue
        more = sum(v.nbytes for v in loaded.values())
        if size + more > 15e6:
            np.savez(out / f"results-{chunk}.npz", **parts)
            parts, size, chunk = {}, 0, chunk + 1
        parts.update(loaded)
        size += more
        file.unlink()
    np.savez(out / f"results-{chunk}.npz", **parts)
    print(f"all done after {time.time() - options.begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
