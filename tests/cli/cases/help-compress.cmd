beamcue compress -h
