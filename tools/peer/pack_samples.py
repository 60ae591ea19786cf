#!/usr/bin/env python3
"""Packs samples of `beamcue export-samples` for train_samples.py: every frame once, small enough to carry to another machine.

    pack_samples.py KIT FRAMES SET[.LEVEL]=FOLDER ...

FRAMES: an export of single frames with pictures (--set data.window.frames=1). SET=FOLDER: windows by the name SET, an export of the same recordings
whose samples name their frames; SET.LEVEL=FOLDER: their fixes with other errors (data.gps_error), LEVEL 0 being those of SET itself. Pictures become JPEG (quality 80), radar
maps 64 levels of their root, LiDAR maps what they are (0 to 5 points): the training then sees a little less than beamcue does."""
import csv
import io
import lzma
import pathlib
import sys

import numpy as np
from PIL import Image

MEAN, DEVIATION = (np.array(x).reshape(3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
RADAR_LEVELS, LIDAR_POINTS, QUALITY = 63, 5, 80


def rows_of(folder):
    with open(folder / "samples.csv", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def pack_camera(frames, kit):
    planes, blobs = np.load(frames / "camera.npy", mmap_mode="r"), []
    for frame in planes:
        picture = np.clip(np.round((frame[0] * DEVIATION + MEAN) * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
        blobs.append(out.getvalue())
    np.savez(kit / "camera.npz", data=np.frombuffer(b"".join(blobs), np.uint8), size=np.array([len(b) for b in blobs]))


def pack_maps(frames, kit, sensor, change):
    maps = np.load(frames / f"{sensor}.npy", mmap_mode="r")
    packed = np.empty(maps[:, 0].shape, np.uint8)
    for i in range(0, len(maps), 100):
        packed[i:i + 100] = np.round(change(maps[i:i + 100, 0]))
    (kit / f"{sensor}.xz").write_bytes(lzma.compress(packed.tobytes(), preset=5))


def main():
    kit, frames = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    kit.mkdir(parents=True, exist_ok=True)
    place = {row["camera_1"]: i for i, row in enumerate(rows_of(frames))}
    windows = {}
    for word in sys.argv[3:]:
        name, folder = word.split("=", 1)
        name, level = name.split(".") if "." in name else (name, "0")
        folder = pathlib.Path(folder)
        windows[f"{name}.position{level}"] = np.load(folder / "position.npy")
        if level != "0":
            continue
        rows = rows_of(folder)
        count = sum(key.startswith("camera_") for key in rows[0])
        windows[f"{name}.frames"] = np.array([[place[row[f"camera_{k + 1}"]] for k in range(count)] for row in rows], np.int32)
        windows[f"{name}.label"] = np.load(folder / "label.npy")
        windows[f"{name}.split"] = np.load(folder / "split.npy")
    np.savez_compressed(kit / "windows.npz", **windows)
    pack_camera(frames, kit)
    pack_maps(frames, kit, "radar", lambda x: np.sqrt(x) * RADAR_LEVELS)
    pack_maps(frames, kit, "lidar", lambda x: x * LIDAR_POINTS)


if __name__ == "__main__":
    main()
