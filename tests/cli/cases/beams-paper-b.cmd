beamcue beams paper-b --beam 17 --beam 0 --polar two.png && ls two.png
