beamcue train -h
