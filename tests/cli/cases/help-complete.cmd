beamcue complete -h
