beamcue info nowhere.safetensors; beamcue predict nowhere.safetensors; beamcue bench nowhere.safetensors
