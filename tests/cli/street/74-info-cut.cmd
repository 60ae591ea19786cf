# A model file that was cut off.
head -c 4200 out/position/model-seed1.safetensors >cut.safetensors
beamcue info cut.safetensors
