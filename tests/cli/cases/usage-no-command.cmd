beamcue
