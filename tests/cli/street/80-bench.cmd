beamcue bench out/fusion/model-seed1.safetensors --runs 3 --warmup 1
