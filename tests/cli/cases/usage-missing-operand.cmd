beamcue train
