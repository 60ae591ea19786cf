beamcue beams -h
