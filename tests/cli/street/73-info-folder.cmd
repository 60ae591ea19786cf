beamcue info street
