beamcue distill -h
