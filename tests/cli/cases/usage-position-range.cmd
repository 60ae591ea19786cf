beamcue predict model.safetensors --position 133.4,-111.9 --json
