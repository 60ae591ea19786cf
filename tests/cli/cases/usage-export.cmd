beamcue export a.safetensors
