beamcue info out/position/model-seed1.safetensors --json | json_get command status result.kind result.model result.beams
