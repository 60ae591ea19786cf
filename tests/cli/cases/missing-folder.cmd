beamcue inspect nowhere
