#!/usr/bin/env python3
"""PyTorch state dicts to safetensors with beamcue's names, and back.

    convert.py tii        STATE.pt MODEL.safetensors [--features FEATURES.yaml]
    convert.py tii-back   MODEL.safetensors STATE.pt
    convert.py resnet     STATE.pt PART.safetensors [--modality camera] [--without-conv1]
    convert.py resnet-back PART.safetensors STATE.pt [--modality camera]

`tii`: the naming of the public code of paper A's parent network (encoder.image_encoder.features.layer1.0.conv1.weight,
encoder.transformer1.blocks.0.attn.key.weight, join.0.weight ...) becomes a whole beamcue model; the number of frames and beams is
read off the shapes. `resnet`: a torchvision or timm ResNet-18 or -34 becomes the trunk of one modality, a part of a model that
train.init can start from; its classifier (fc) is left out. Every other tensor that is missing or too many is named and refused.
Counters of batches (num_batches_tracked) travel in the metadata, so that there and back gives the same bits.
"""
import argparse
import json
import re
import struct
import sys

import numpy as np
import torch

PREFIXES = (("camera.", "encoder.image_encoder.features."), ("lidar.", "encoder.lidar_encoder._model."),
            ("radar.", "encoder.radar_encoder._model."), ("head.", "join."))
NUMBERED = (("fusion.", "encoder.transformer"), ("gps.", "encoder.vel_emb"))
DTYPES = {"F32": np.float32, "F64": np.float64, "F16": np.float16, "I64": np.int64, "I32": np.int32}
TRACKED = "num_batches_tracked"


class Refused(Exception):
    pass


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + at for at in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    arrays = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    for name, array in arrays.items():
        dtype = next(k for k, v in DTYPES.items() if array.dtype == v)
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            f.write(array.tobytes())


def to_own(name):
    """TII's name -> beamcue's, or None."""
    for own, theirs in PREFIXES:
        if name.startswith(theirs):
            return own + name[len(theirs):]
    for own, theirs in NUMBERED:
        match = re.fullmatch(re.escape(theirs) + r"([1-4])\.(.+)", name)
        if match:
            return f"{own}{match[1]}.{match[2]}"
    return None


def to_tii(name):
    for own, theirs in PREFIXES:
        if name.startswith(own):
            return theirs + name[len(own):]
    for own, theirs in NUMBERED:
        match = re.fullmatch(re.escape(own) + r"([1-4])\.(.+)", name)
        if match:
            return f"{theirs}{match[1]}.{match[2]}"
    raise Refused(f"tensor '{name}' has no place in the TII naming")


def load_state(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model"):  # checkpoints that hold more than the weights
        state = state[key] if isinstance(state.get(key), dict) else state
    return {re.sub(r"^module\.", "", name): t for name, t in state.items()}


def take(state, rename, path):
    """Renamed f32 arrays, and the counters."""
    tensors, counters = {}, {}
    for name, t in state.items():
        own = rename(name)
        if own is None:
            raise Refused(f"{path}: tensor '{name}' {tuple(t.shape)} is no part of the network")
        if own.endswith(TRACKED):
            counters[own] = int(t)
        elif t.dtype != torch.float32:
            raise Refused(f"{path}: tensor '{name}' is {t.dtype}, expected torch.float32")
        else:
            tensors[own] = t.numpy()
    return tensors, counters


def check(tensors, expected, path, back=lambda name: name):
    """Same names, same shapes; `expected`: name -> shape."""
    for name, shape in expected.items():
        if name not in tensors:
            raise Refused(f"{path}: tensor '{back(name)}' is missing")
        if tuple(tensors[name].shape) != tuple(shape):
            raise Refused(f"{path}: tensor '{back(name)}' is {tuple(tensors[name].shape)}, expected {tuple(shape)}")
    for name in tensors:
        if name not in expected:
            raise Refused(f"{path}: tensor '{back(name)}' is no part of the network")


def weights_of(module):
    return {name: t.shape for name, t in module.state_dict().items() if not name.endswith(TRACKED)}


def whole_network(tensors, path, back):
    """The configuration that the shapes speak of."""
    from beamtransfuser import BeamTransFuser, preset
    for name in ("fusion.1.pos_emb", "head.4.weight", "gps.1.weight"):
        if name not in tensors:
            raise Refused(f"{path}: tensor '{back(name)}' is missing")
    tokens = tensors["fusion.1.pos_emb"].shape[1]
    if (tokens - 2) % 192 != 0 or tokens < 194:
        raise Refused(f"{path}: '{back('fusion.1.pos_emb')}' has {tokens} tokens, expected 192 per frame and 2")
    config = preset("full", frames=(tokens - 2) // 192, beams=tensors["head.4.weight"].shape[0])
    with torch.device("meta"):
        return config, weights_of(BeamTransFuser(config))


FEATURES = """camera: {enabled: true, width: 256, height: 256, channels: 3}
lidar: {enabled: true}
radar: {enabled: true}
position: {enabled: true, mode: utm, low: [-7.18, -97.56], high: [40.21, 52.31]}
"""


def model_metadata(config, features):
    inputs = "".join(f"{key}: {value}\n" for key, value in (
        ("frames", config.frames), ("channels", 3), ("height", 256), ("width", 256), ("lidar_channels", 1), ("lidar_height", 256),
        ("lidar_width", 256), ("radar_channels", 2), ("radar_height", 256), ("radar_width", 256), ("gps_frames", 2),
        ("beams", config.beams)))
    return {"beamcue.format": "1", "beamcue.model": "kind: beamtransfuser\npreset: full\ndropout: 0.1\n", "beamcue.inputs": inputs,
            "beamcue.features": features, "beamcue.codebook": f"beams: {config.beams}\nindex_monotone: true\n",
            "beamcue.training": json.dumps({"name": "converted from PyTorch"})}


def tii(arguments):
    tensors, counters = take(load_state(arguments.source), to_own, arguments.source)
    config, expected = whole_network(tensors, arguments.source, to_tii)
    check(tensors, expected, arguments.source, to_tii)
    features = FEATURES
    if arguments.features:
        with open(arguments.features, encoding="utf-8") as f:
            features = f.read()
    metadata = model_metadata(config, features) | {"torch." + TRACKED: json.dumps(counters)}
    write_safetensors(arguments.target, {name: tensors[name] for name in expected}, metadata)


def restore(tensors, metadata, rename):
    state = {rename(name): torch.from_numpy(t.copy()) for name, t in tensors.items()}
    for name, count in json.loads(metadata.get("torch." + TRACKED, "{}")).items():
        state[rename(name)] = torch.tensor(count)
    return state


def tii_back(arguments):
    tensors, metadata = read_safetensors(arguments.source)
    _, expected = whole_network(tensors, arguments.source, lambda name: name)
    check(tensors, expected, arguments.source)
    torch.save(restore(tensors, metadata, to_tii), arguments.target)


def trunk(tensors, path, prefix, conv1):
    """Names and shapes of the ResNet that the tensors speak of."""
    from beamtransfuser import Trunk
    depth = 34 if prefix + "layer1.2.conv1.weight" in tensors else 18
    first = tensors.get(prefix + "conv1.weight" if conv1 else prefix + "layer1.0.conv1.weight")
    if first is None:
        raise Refused(f"{path}: tensor '{'conv1.weight' if conv1 else 'layer1.0.conv1.weight'}' is missing")
    with torch.device("meta"):
        shapes = weights_of(Trunk(depth, first.shape[0], first.shape[1] if conv1 else 1))
    return {prefix + name: shape for name, shape in shapes.items() if conv1 or name != "conv1.weight"}


def resnet(arguments):
    prefix = arguments.modality + "."
    dropped = [name for name in ("fc.weight", "fc.bias") + ("conv1.weight",) * arguments.without_conv1]
    state = {name: t for name, t in load_state(arguments.source).items() if name not in dropped}
    tensors, counters = take(state, lambda name: prefix + name, arguments.source)
    back = lambda name: name[len(prefix):]
    check(tensors, trunk(tensors, arguments.source, prefix, not arguments.without_conv1), arguments.source, back)
    write_safetensors(arguments.target, tensors, {"torch." + TRACKED: json.dumps(counters)})


def resnet_back(arguments):
    prefix = arguments.modality + "."
    tensors, metadata = read_safetensors(arguments.source)
    tensors = {name: t for name, t in tensors.items() if name.startswith(prefix)}
    counters = json.loads(metadata.get("torch." + TRACKED, "{}"))
    metadata = {"torch." + TRACKED: json.dumps({k: v for k, v in counters.items() if k.startswith(prefix)})}
    check(tensors, trunk(tensors, arguments.source, prefix, prefix + "conv1.weight" in tensors), arguments.source)
    torch.save(restore(tensors, metadata, lambda name: name[len(prefix):]), arguments.target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tii", "tii-back", "resnet", "resnet-back"))
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--modality", choices=("camera", "lidar", "radar"), default="camera", help="whose trunk a ResNet becomes")
    parser.add_argument("--without-conv1", action="store_true", help="leave out the first convolution, whose channels differ")
    parser.add_argument("--features", help="the feature recipes of the model, YAML; default: as the network was published with")
    arguments = parser.parse_args()
    try:
        {"tii": tii, "tii-back": tii_back, "resnet": resnet, "resnet-back": resnet_back}[arguments.what](arguments)
    except Refused as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
