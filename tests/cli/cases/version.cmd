beamcue --version
