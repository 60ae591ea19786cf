beamcue beams dft --beam 1 --at 3
