echo hello >hello.safetensors
beamcue predict hello.safetensors --position 33.4,-111.9
