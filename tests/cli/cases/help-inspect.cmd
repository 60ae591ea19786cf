beamcue inspect -h
