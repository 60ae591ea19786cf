beamcue evaluat configs/a.yaml
