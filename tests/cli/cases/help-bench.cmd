beamcue bench -h
