# Where the processor has no 8-bit instructions a warning says so.
beamcue quantise "$TESTS/tiny_fusion.yaml" --set quantise.windows=4 --set quantise.validation_windows=4 --set quantise.max_loss=1 --json 2>/dev/null | json_get command status result.files
beamcue evaluate out/fusion/int8/config.yaml --json | json_get result.name
beamcue info out/fusion/int8/model-seed1.safetensors | grep '^8 bits'
beamcue bench out/fusion/int8/model-seed1.safetensors --runs 1 --json | json_get command status
beamcue quantise "$TESTS/tiny_position.yaml" --set model.kind=constant --set 'quantise.model=nothing.safetensors' 2>&1
