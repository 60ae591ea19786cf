beamcue compare out/a out/b
