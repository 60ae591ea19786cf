beamcue train nowhere.yaml
