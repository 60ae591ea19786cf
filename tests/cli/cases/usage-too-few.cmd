beamcue compare out/a
