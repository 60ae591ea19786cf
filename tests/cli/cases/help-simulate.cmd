beamcue simulate -h
