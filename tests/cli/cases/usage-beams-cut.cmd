beamcue beams dft --beam 1 --cut sideways --polar x.png
