beamcue predict model.safetensors --top 0
