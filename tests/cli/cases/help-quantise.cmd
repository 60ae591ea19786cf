beamcue quantise -h
