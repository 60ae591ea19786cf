beamcue prune -h
