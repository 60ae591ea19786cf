beamcue help train-config
