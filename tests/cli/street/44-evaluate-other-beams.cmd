# A model of 64 beams against a task of 32.
mkdir -p out/half && cp out/position/model-seed1.safetensors out/half
beamcue evaluate "$TESTS/tiny_position.yaml" --set name=half --set data.beam_step=2
