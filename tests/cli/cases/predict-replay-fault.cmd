beamcue predict nowhere.safetensors --replay nowhere --fault camera:drop:0.2,gps:black
