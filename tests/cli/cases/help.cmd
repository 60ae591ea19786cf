beamcue -h
