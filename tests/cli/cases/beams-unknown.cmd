beamcue beams butler.npy
