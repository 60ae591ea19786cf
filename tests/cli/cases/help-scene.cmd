beamcue scene -h
