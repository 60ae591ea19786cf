beamcue help compare-config
