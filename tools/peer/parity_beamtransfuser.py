#!/usr/bin/env python3
"""What PyTorch computes for BeamTransFuser in double, for beamcue to be held against. Weights and inputs come from Philox streams that
tests/models/torch_parity.c draws too, so only results are stored. Dropout is off.

    parity_beamtransfuser.py full|edge|small|tiny BATCH OUT.safetensors

For every mode, `inference` (batch norm by its running statistics, gradients included) and `training` (batch statistics): the logits, the
loss, what leaves each stage, all gradients, and in training the running statistics after the step. The metadata hold the configuration,
the names in the order of the streams, and how far PyTorch's own f32 is from these values.
"""
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, "..", "fixtures")]
import beamtransfuser  # noqa: E402
import convert  # noqa: E402
from make_resnet import uniforms  # noqa: E402

INPUT_STREAM = 100000  # of the first input; find_smooth_inputs moves it
STREAMS = 10  # per try


def rule(name, shape, index):
    """The values of one parameter."""
    u = uniforms(index, int(np.prod(shape)))
    if name.endswith("pos_emb") or (len(shape) == 1 and not name.endswith(("running_var", "weight"))):
        values = 0.4 * (u - 0.5)
    elif len(shape) == 1:
        values = 0.5 + u
    else:
        values = (2 * u - 1) * np.sqrt(3 / np.prod(shape[1:]))
    return torch.from_numpy(values.reshape(shape))


def fill(model):
    names = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    state = model.state_dict()
    for index, name in enumerate(names):
        state[name].copy_(rule(name, tuple(state[name].shape), index))
    return names


def make_inputs(config, batch):
    shapes = {m: (batch, config.frames, beamtransfuser.CHANNELS[m], *config.size[m]) for m in config.pictures()}
    if "gps" in config.modalities:
        shapes["position"] = (batch, config.fixes, 2)
    order = ("camera", "lidar", "radar", "position")
    return {name: torch.from_numpy((2 * uniforms(INPUT_STREAM + order.index(name), int(np.prod(shape))) - 1).reshape(shape))
            for name, shape in shapes.items()}


def run(model, config, batch, mode, dtype):
    """All results of one mode as a dict of arrays; the model's running statistics are put back."""
    model.to(dtype).train(mode == "training")
    before = {name: t.clone() for name, t in model.state_dict().items() if "running" in name}
    inputs = {name: t.to(dtype) for name, t in make_inputs(config, batch).items()}
    labels = torch.arange(batch) * 7 % config.beams
    model.zero_grad(set_to_none=True)
    stages = {}
    logits = model(inputs, stages)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    results = {"logits": logits, "loss": loss} | stages
    results |= {f"gradient.{name}": p.grad for name, p in model.named_parameters()}
    state = model.state_dict()
    if mode == "training":
        results |= {f"running.{name}": state[name].clone() for name in before}
    for name, t in before.items():
        state[name].copy_(t)
    return {name: t.detach().double().numpy().copy() for name, t in results.items()}


def error(a, b):
    norm = np.linalg.norm(b)
    return float(np.linalg.norm(a - b) / norm) if norm > 0 else float(np.linalg.norm(a))


def own_f32(model, config, batch, exact):
    """Errors of PyTorch's f32: of logits and stages the worst, of gradients median and worst; key biases are judged elsewhere."""
    found = {}
    for mode, values in exact.items():
        single = run(model, config, batch, mode, torch.float32)
        gradients = [error(single[n], values[n]) for n in values if n.startswith("gradient") and not n.endswith("key.bias")]
        outputs = [error(single[n], values[n]) for n in values if n == "logits" or n.startswith("stage")]
        found[mode] = {"outputs": max(outputs), "gradient_median": float(np.median(gradients)), "gradient_worst": max(gradients)}
    return found


def find_smooth_inputs(config, batch, model=None, most=40):
    """Takes the first inputs where no ReLU of the inference pass is so close to 0 that rounding decides: PyTorch's own f32 gradients agree
    with the exact ones to 1e-4 there, where a single unit on the other side moves them by 1e-3 or more."""
    global INPUT_STREAM
    model = model or beamtransfuser.BeamTransFuser(config)
    for attempt in range(most):
        INPUT_STREAM = 100000 + STREAMS * attempt
        fill(model.double())  # anew: the f32 of the try before has rounded the weights
        exact = {"inference": run(model, config, batch, "inference", torch.float64)}
        worst = own_f32(model, config, batch, exact)["inference"]["gradient_worst"]
        print(f"input stream {INPUT_STREAM}: PyTorch's f32 gradients are within {worst:.1e}", flush=True)
        if worst < 1e-4:
            return
    raise SystemExit("no inputs without a kink nearby")


def model_yaml(config):
    lines = ["kind: beamtransfuser", f"modalities: [{', '.join(config.modalities)}]", f"width: {config.width}", f"blocks: {config.blocks}",
             f"heads: {config.heads}", f"expansion: {config.expansion}", f"anchors: {config.anchors}", f"fusion: {config.fusion}",
             f"head: [{', '.join(map(str, config.head))}]", f"embedding: [{', '.join(map(str, config.embedding))}]", "dropout: 0"]
    return "\n".join(lines + [f"{m}_depth: {config.depth[m]}" for m in beamtransfuser.PICTURES]) + "\n"


def inputs_yaml(config):
    sizes = {m: (beamtransfuser.CHANNELS[m], *config.size[m]) if m in config.modalities else (0, 0, 0) for m in beamtransfuser.PICTURES}
    lines = [f"frames: {config.frames}", f"gps_frames: {config.fixes if 'gps' in config.modalities else 0}", f"beams: {config.beams}"]
    for m, size in sizes.items():
        lines += [("" if m == "camera" else m + "_") + f"{key}: {value}" for key, value in zip(("channels", "height", "width"), size)]
    return "\n".join(lines) + "\n"


def case(config, batch, model=None, yaml=None):
    """Values by mode, and the metadata; of BeamTransFuser, or of another module with its `yaml`."""
    model = (model or beamtransfuser.BeamTransFuser(config)).double()
    names = fill(model)
    exact = {mode: run(model, config, batch, mode, torch.float64) for mode in ("inference", "training")}
    metadata = {"model": yaml or model_yaml(config), "inputs": inputs_yaml(config), "batch": str(batch), "input_stream": str(INPUT_STREAM), "names": json.dumps(names),
                "torch": torch.__version__, "torch_f32": json.dumps(own_f32(model, config, batch, exact))}
    return exact, metadata


def main():
    name, batch, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    exact, metadata = case(beamtransfuser.preset(name, dropout=0.0), batch)
    tensors = {f"{mode}.{key}": value for mode, values in exact.items() for key, value in values.items()}
    convert.write_safetensors(target, tensors, metadata)
    print(json.dumps(json.loads(metadata["torch_f32"]), indent=1))


if __name__ == "__main__":
    main()
