beamcue info -h
