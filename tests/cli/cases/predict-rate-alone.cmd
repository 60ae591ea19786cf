beamcue predict nowhere.safetensors --rate 10
