beamcue info out/fusion/model-seed1.safetensors
