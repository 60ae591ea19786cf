beamcue help >&-
