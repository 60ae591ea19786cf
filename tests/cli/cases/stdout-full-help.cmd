beamcue train -h >/dev/full
