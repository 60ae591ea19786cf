beamcue help simulate-config
