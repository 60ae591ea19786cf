#!/usr/bin/env python3
"""Open a channel file of beamcue in DeepMIMO v4:  pip install deepmimo h5py;  open_deepmimo.py FILE [--unit N] [--frame N]

load(path, unit, frame) gives a deepmimo.Dataset: one user per vehicle of the frame, paths as in the file, vertical polarisation.
Run as a program it computes the channels of all users with DeepMIMO and compares them with the sum over the paths in the file.

DeepMIMO's conventions: angles in degrees, elevations counted from the zenith; power in dBW for 1 W sent (so 20 log10 |alpha|);
delay in s; phase of the path in degrees; interactions as digits from transmitter to receiver (1 reflection, 2 diffraction,
3 scattering, 4 transmission; 0 line of sight). The carrier's phase is in alpha.
"""
import argparse

import h5py
import numpy as np


def angles(directions):
    """Unit vectors to azimuth (from east, counter-clockwise) and angle from the zenith, in degrees."""
    return (
        np.degrees(np.arctan2(directions[..., 1], directions[..., 0])),
        np.degrees(np.arccos(np.clip(directions[..., 2], -1.0, 1.0))),
    )


def load(path, unit=0, frame=0):
    import deepmimo

    with h5py.File(path, "r") as file:
        if file.attrs["format"] not in ("beamcue channel", b"beamcue channel") or file.attrs["version"] != 1:
            raise SystemExit(f"{path}: not a beamcue channel file of version 1")
        link, paths, inter = file["link"], file["path"], file["interaction"]
        rows = np.flatnonzero((link["unit"][:] == unit) & (link["frame"][:] == frame))
        if rows.size == 0:
            raise SystemExit(f"{path}: no link of unit {unit} in frame {frame}")
        first, count = link["first_path"][:], link["path_count"][:]
        users, most = rows.size, max(1, int(count[rows].max()))
        deepest = max(1, int(paths["interaction_count"][:].max(initial=1)))
        blank = lambda *shape: np.full((users, most, *shape), np.nan, np.float32)
        fields = {name: blank() for name in ("power", "phase", "delay", "doppler", "aoa_az", "aoa_el", "aod_az", "aod_el", "inter")}
        fields["inter_pos"] = blank(deepest, 3)
        for user, row in enumerate(rows):
            n, span = int(count[row]), slice(int(first[row]), int(first[row] + count[row]))
            if n == 0:
                continue
            alpha = paths["gain"][span][:, 0, 0]
            fields["power"][user, :n] = 20.0 * np.log10(np.maximum(np.abs(alpha), 1e-30))
            fields["phase"][user, :n] = np.degrees(np.angle(alpha))
            fields["delay"][user, :n] = paths["delay_s"][span]
            fields["doppler"][user, :n] = paths["doppler_hz"][span]
            fields["aod_az"][user, :n], fields["aod_el"][user, :n] = angles(paths["departure"][span])
            fields["aoa_az"][user, :n], fields["aoa_el"][user, :n] = angles(paths["arrival"][span])
            begin, inside = paths["first_interaction"][span], paths["interaction_count"][span]
            for p in range(n):
                at = slice(int(begin[p]), int(begin[p]) + int(inside[p]))
                digits = "".join(str(k) for k in inter["kind"][at])
                fields["inter"][user, p] = int(digits or 0)
                fields["inter_pos"][user, p, : int(inside[p])] = inter["point"][at]
        fields["rx_pos"] = link["receiver"][rows].astype(np.float32)
        fields["tx_pos"] = link["transmitter"][int(rows[0])].astype(np.float32)
        fields["rt_params"] = {"frequency": float(file.attrs["carrier_hz"])}
        fields["n_ue"] = users
        fields["scene"] = deepmimo.core.scene.Scene()  # velocities are in the Doppler shifts already
        return deepmimo.Dataset(fields)


def direct_channel(dataset, subcarriers, bandwidth):
    """Sum of alpha exp(-j 2 pi k B/K tau) over the paths of each user, straight from the arrays."""
    alpha = 10.0 ** (dataset["power"].astype(float) / 20.0) * np.exp(1j * np.radians(dataset["phase"].astype(float)))
    turn = np.exp(-2j * np.pi * dataset["delay"].astype(float)[..., None] * bandwidth / len(subcarriers) * subcarriers)
    return np.nansum(alpha[..., None] * turn, axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--unit", type=int, default=0)
    parser.add_argument("--frame", type=int, default=0)
    arguments = parser.parse_args()
    import deepmimo

    dataset = load(arguments.file, arguments.unit, arguments.frame)
    print(f"{arguments.file}: {dataset['n_ue']} users, up to {dataset['power'].shape[1]} paths")
    parameters = deepmimo.ChannelParameters()
    parameters.bs_antenna.shape = np.array([1, 1])
    parameters.ue_antenna.shape = np.array([1, 1])
    parameters.num_paths = dataset["power"].shape[1]
    parameters.ofdm.subcarriers = 64
    parameters.ofdm.selected_subcarriers = np.arange(64)
    parameters.ofdm.bandwidth = 100e6
    parameters.doppler = False
    # DeepMIMO shares the power of 1 W out over the subcarriers.
    channels = dataset.compute_channels(parameters)[:, 0, 0, :] * np.sqrt(64)
    expected = direct_channel(dataset, np.arange(64), 100e6)
    heard = np.abs(expected).max(axis=1) > 0
    error = np.abs(channels - expected)[heard].max() / np.abs(expected[heard]).max()
    print(f"channels {channels.shape}, largest difference to the sum over paths {error:.2e} of the largest value")
    print("line of sight:", dataset.los.tolist(), " paths:", dataset.num_paths.tolist())
    if not error < 1e-3:
        raise SystemExit("DeepMIMO's channels differ from the paths in the file")


if __name__ == "__main__":
    main()
