beamcue predict nowhere.safetensors --replay nowhere --camera frame.jpg
