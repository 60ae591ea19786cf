beamcue train nowhere.yaml --json >/dev/full
