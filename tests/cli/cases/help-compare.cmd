beamcue compare -h
