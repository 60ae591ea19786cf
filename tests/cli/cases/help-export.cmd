beamcue export -h
