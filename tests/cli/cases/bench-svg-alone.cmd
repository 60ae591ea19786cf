beamcue bench model.safetensors --svg x.svg
