# A model file that was cut off.
head -c 3000 out/position/model-seed1.safetensors >cut.safetensors
beamcue info cut.safetensors
