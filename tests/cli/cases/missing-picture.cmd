beamcue predict nowhere.safetensors --camera nowhere.jpg
