beamcue predict -h
