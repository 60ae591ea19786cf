beamcue evaluate -h
