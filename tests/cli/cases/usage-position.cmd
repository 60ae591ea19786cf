beamcue predict model.safetensors --position '33.4;-111.9'
