beamcue --version >/dev/full
