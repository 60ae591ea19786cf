#!/usr/bin/env python3
"""BeamTransFuser in PyTorch, to compare beamcue with: written after paper A (section III) and the public description of its
parent network, with beamcue's parameter names. Prints the parameters of a preset by branch:

    beamtransfuser.py [full|edge|small|tiny]
"""
import dataclasses
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

PICTURES = ("camera", "lidar", "radar")
CHANNELS = {"camera": 3, "lidar": 1, "radar": 2}
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@dataclasses.dataclass
class Config:
    """As the keys of `model` in a beamcue configuration, and the sizes of the inputs."""
    modalities: tuple = ("camera", "lidar", "radar", "gps")
    frames: int = 5
    fixes: int = 2
    size: dict = dataclasses.field(default_factory=lambda: {m: (256, 256) for m in PICTURES})
    width: int = 64
    depth: dict = dataclasses.field(default_factory=lambda: {"camera": 34, "lidar": 18, "radar": 18})
    embedding: tuple = ()
    blocks: int = 8
    heads: int = 4
    expansion: int = 4
    anchors: int = 8
    dropout: float = 0.1
    fusion: str = "sum"
    head: tuple = (256, 128)
    beams: int = 64

    def pictures(self):
        return [m for m in PICTURES if m in self.modalities]

    def channels(self, stage):
        return self.width << stage

    def embed(self, stage):
        return self.embedding[stage] if self.embedding else self.channels(stage)


def square(size):
    return {m: (size, size) for m in PICTURES}


def preset(name, **changes):
    small = {"frames": 2, "size": square(128), "width": 16, "anchors": 4, "head": (128, 64)}
    tiny = {"frames": 1, "fixes": 1, "size": square(128), "width": 8, "depth": dict.fromkeys(PICTURES, 18), "blocks": 2,
            "anchors": 4, "head": (64,)}
    return Config(**({"full": {}, "edge": {"frames": 1}, "small": small, "tiny": tiny}[name] | changes))


class BasicBlock(nn.Module):
    """He et al. 2015, figure 5 left."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Trunk(nn.Module):
    """ResNet-18 or -34 without pooling and classifier, torchvision's names."""

    def __init__(self, depth, width, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, blocks in enumerate(BLOCKS[depth]):
            layers = []
            for block in range(blocks):
                layers.append(BasicBlock(inputs, width << stage, 2 if stage > 0 and block == 0 else 1))
                inputs = width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def stem(self, x):
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)

    def stage(self, stage, x):
        return getattr(self, f"layer{stage + 1}")(x)


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.key, self.query, self.value, self.proj = (nn.Linear(width, width) for _ in range(4))
        self.weight_dropout, self.dropout = nn.Dropout(dropout), nn.Dropout(dropout)

    def split(self, x):
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1)
        return self.dropout(self.proj((self.weight_dropout(weights) @ v).transpose(1, 2).flatten(2)))


class TransformerBlock(nn.Module):
    """Pre-norm; x + attention, then x + feed-forward."""

    def __init__(self, width, config):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, config.heads, config.dropout)
        self.mlp = nn.Sequential(nn.Linear(width, config.expansion * width), nn.ReLU(), nn.Linear(config.expansion * width, width),
                                 nn.Dropout(config.dropout))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class FusionStage(nn.Module):
    """Tokens of all frames and modalities through the blocks of one stage, and back into the branches."""

    def __init__(self, config, stage, grids):
        super().__init__()
        self.config, self.grids = config, grids
        channels, width = config.channels(stage), config.embed(stage)
        tokens = sum(config.frames * h * w for h, w in grids.values()) + (config.fixes if "gps" in config.modalities else 0)
        if channels != width:
            self.project_in = nn.ModuleDict({m: nn.Linear(channels, width) for m in grids})
            self.project_out = nn.ModuleDict({m: nn.Linear(width, channels) for m in grids})
        self.pos_emb = nn.Parameter(torch.zeros(1, tokens, width))
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.Sequential(*(TransformerBlock(width, config) for _ in range(config.blocks)))
        self.ln_f = nn.LayerNorm(width)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.02)
                nn.init.zeros_(m.bias)

    def forward(self, maps, gps):
        frames, tokens = self.config.frames, []
        for m, grid in self.grids.items():
            pooled = F.adaptive_avg_pool2d(maps[m], grid).flatten(2).transpose(1, 2)  # (B P, h w, C)
            pooled = pooled.reshape(-1, frames * pooled.shape[1], pooled.shape[2])
            tokens.append(self.project_in[m](pooled) if hasattr(self, "project_in") else pooled)
        if gps is not None:
            tokens.append(gps)
        x = self.ln_f(self.blocks(self.dropout(torch.cat(tokens, 1) + self.pos_emb)))
        at, fused = 0, {}
        for m, (h, w) in self.grids.items():
            part = x[:, at:at + frames * h * w]
            at += frames * h * w
            part = self.project_out[m](part) if hasattr(self, "project_out") else part
            part = part.reshape(-1, h * w, part.shape[2]).transpose(1, 2).unflatten(2, (h, w))
            fused[m] = maps[m] + F.interpolate(part, size=maps[m].shape[2:], mode="bilinear", align_corners=False)
        return fused, None if gps is None else x[:, at:]


class BeamTransFuser(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        for m in config.pictures():
            self.add_module(m, Trunk(config.depth[m], config.width, CHANNELS[m]))
        gps = "gps" in config.modalities
        if gps:
            widths = [2] + [config.embed(s) for s in range(4)]
            self.gps = nn.ModuleDict({str(s + 1): nn.Linear(widths[s], widths[s + 1]) for s in range(4)})
            if widths[4] != config.channels(3):
                self.gps["project"] = nn.Linear(widths[4], config.channels(3))
        if config.fusion == "softmax":
            self.modality = nn.ParameterDict({"weight": torch.zeros(len(config.modalities))})
        self.fusion = nn.ModuleDict()
        for stage in range(4):
            grids = {}
            for m in config.pictures():
                h, w = config.size[m]
                for _ in range(stage + 2):
                    h, w = (h + 1) // 2, (w + 1) // 2
                grids[m] = (min(config.anchors, h), min(config.anchors, w))
            self.fusion[str(stage + 1)] = FusionStage(config, stage, grids)
        widths = [config.channels(3), *config.head, config.beams]
        layers = []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.head = nn.Sequential(*layers[:-1])

    def forward(self, inputs, stages=None):
        """inputs: camera, lidar, radar (B, P, C, H, W), position (B, G, 2). `stages` (a dict) gets what leaves each stage."""
        maps = {m: getattr(self, m).stem(inputs[m].flatten(0, 1)) for m in self.config.pictures()}
        gps = inputs["position"] if "gps" in self.config.modalities else None
        for stage in range(4):
            maps = {m: getattr(self, m).stage(stage, x) for m, x in maps.items()}
            gps = None if gps is None else self.gps[str(stage + 1)](gps)
            maps, gps = self.fusion[str(stage + 1)](maps, gps)
            if stages is not None:
                stages.update({f"stage{stage + 1}.{m}": x for m, x in maps.items()})
                if gps is not None:
                    stages[f"stage{stage + 1}.gps"] = gps
        parts = [x.mean((2, 3)).unflatten(0, (-1, self.config.frames)).sum(1) for x in maps.values()]
        if gps is not None:
            parts.append((self.gps["project"](gps) if "project" in self.gps else gps).sum(1))
        if self.config.fusion == "softmax":
            scale = len(parts) * torch.softmax(self.modality["weight"], 0)
            parts = [scale[i] * part for i, part in enumerate(parts)]
        return self.head(sum(parts))


def counts(model):
    """Trainable parameters by the first part of their names."""
    found = {}
    for name, p in model.named_parameters():
        found[name.split(".")[0]] = found.get(name.split(".")[0], 0) + p.numel()
    return found


def main():
    found = counts(BeamTransFuser(preset(sys.argv[1] if len(sys.argv) > 1 else "full")))
    for branch, count in found.items():
        print(f"{branch:10s} {count:12,d}")
    print(f"{'total':10s} {sum(found.values()):12,d}")


if __name__ == "__main__":
    main()
