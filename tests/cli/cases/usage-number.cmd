beamcue bench model.safetensors --runs ten
