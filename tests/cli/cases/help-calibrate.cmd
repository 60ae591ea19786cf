beamcue calibrate -h
