beamcue help trian-config
