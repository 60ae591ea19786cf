#!/usr/bin/env python3
"""There and back: state dicts of the public naming through convert.py keep every bit, and odd ones are refused by name.

    test_convert.py [FOLDER]
"""
import os
import subprocess
import sys
import tempfile

import torch

import convert
from beamtransfuser import BeamTransFuser, Trunk, preset

HERE = os.path.dirname(os.path.abspath(__file__))


def run(*arguments):
    done = subprocess.run([sys.executable, os.path.join(HERE, "convert.py"), *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()


def same(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and torch.equal(a[k], b[k]) for k in a)


def check(ok, what):
    print("ok  " if ok else "FAIL", what)
    return ok


def tii_state(config):
    torch.manual_seed(1)
    state = BeamTransFuser(config).state_dict()
    for t in state.values():
        if t.dtype == torch.int64:
            t.fill_(1234567)
        else:
            t.normal_()
    return {convert.to_tii(name): t for name, t in state.items()}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
    path = lambda name: os.path.join(folder, name)
    passed = []
    for frames, beams in ((5, 64), (1, 256)):
        state = tii_state(preset("full", frames=frames, beams=beams))
        torch.save(state, path("tii.pt"))
        passed.append(check(run("tii", path("tii.pt"), path("model.safetensors")) == (0, ""), f"tii, {frames} frames, {beams} beams"))
        passed.append(check(run("tii-back", path("model.safetensors"), path("back.pt")) == (0, ""), "and back"))
        passed.append(check(same(state, torch.load(path("back.pt"))), f"{len(state)} tensors, every bit"))
    for change, sentence in (
            (lambda s: s.pop("encoder.transformer3.blocks.7.mlp.2.bias"), "tensor 'encoder.transformer3.blocks.7.mlp.2.bias' is missing"),
            (lambda s: s.update({"decoder.weight_ih": torch.zeros(192, 2)}),
             "tensor 'decoder.weight_ih' (192, 2) is no part of the network"),
            (lambda s: s.update({"encoder.lidar_encoder._model.conv1.weight": torch.zeros(64, 2, 7, 7)}),
             "tensor 'encoder.lidar_encoder._model.conv1.weight' is (64, 2, 7, 7), expected (64, 1, 7, 7)"),
            (lambda s: s.update({"join.0.bias": s["join.0.bias"].double()}), "tensor 'join.0.bias' is torch.float64, expected")):
        odd = dict(state)
        change(odd)
        torch.save(odd, path("odd.pt"))
        code, text = run("tii", path("odd.pt"), path("odd.safetensors"))
        passed.append(check(code == 1 and sentence in text and not os.path.exists(path("odd.safetensors")), sentence))
    for depth in (18, 34):
        state = Trunk(depth, 64, 3).state_dict()
        with_head = state | {"fc.weight": torch.rand(1000, 512), "fc.bias": torch.rand(1000)}
        torch.save(with_head, path("resnet.pt"))
        passed.append(check(run("resnet", path("resnet.pt"), path("part.safetensors")) == (0, ""), f"resnet{depth}"))
        passed.append(check(run("resnet-back", path("part.safetensors"), path("back.pt")) == (0, ""), "and back"))
        passed.append(check(same(state, torch.load(path("back.pt"))), f"{len(state)} tensors, every bit"))
    state.pop("layer4.2.bn2.running_var")
    torch.save(state, path("resnet.pt"))
    code, text = run("resnet", path("resnet.pt"), path("part.safetensors"))
    passed.append(check(code == 1 and "tensor 'layer4.2.bn2.running_var' is missing" in text, text))
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
