beamcue info a b
