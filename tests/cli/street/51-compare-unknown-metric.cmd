beamcue compare out/fusion out/position --metric topp_3
