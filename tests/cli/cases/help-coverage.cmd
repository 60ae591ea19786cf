beamcue coverage -h
