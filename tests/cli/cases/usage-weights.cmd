beamcue bench model.safetensors --weights f16
