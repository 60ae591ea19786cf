beamcue bench model.safetensors --layers --warmup 3
