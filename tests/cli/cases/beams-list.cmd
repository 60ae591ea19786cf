beamcue beams dft --columns 4
