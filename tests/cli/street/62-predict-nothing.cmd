beamcue predict out/fusion/model-seed1.safetensors
