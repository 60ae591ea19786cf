beamcue evaluat configs/a.yaml --json
