# A shape that nobody trains is in time at once; none is within a microsecond.
beamcue compress "$TESTS/tiny_fusion.yaml" --set 'compress.ratios=[0.5]' --set compress.tune=1 --set prune.epochs=0 --set prune.windows=4 --set quantise.windows=4 --set quantise.validation_windows=4 --set compress.runs=5 --set compress.target_ms=100000 --set compress.max_loss=1 --json 2>/dev/null | json_get command status result.files
ls out/fusion/compress
# A second call takes the times of layers from the file, and refuses a file that is none.
beamcue compress "$TESTS/tiny_fusion.yaml" --set 'compress.ratios=[0.5]' --set compress.tune=1 --set prune.epochs=0 --set prune.windows=4 --set quantise.windows=4 --set quantise.validation_windows=4 --set compress.runs=5 --set compress.target_ms=100000 --set compress.max_loss=1 --quiet 2>/dev/null | grep -o '; 0 layers were timed now'
beamcue compress "$TESTS/tiny_fusion.yaml" --set compress.layers="$TESTS/tiny_fusion.yaml" 2>&1 | sed 's#/.*/##'
beamcue compress "$TESTS/tiny_fusion.yaml" --set 'compress.ratios=[0.5]' --set compress.tune=1 --set prune.epochs=0 --set prune.windows=4 --set quantise.windows=4 --set quantise.validation_windows=4 --set compress.runs=5 --set compress.target_ms=100000 --set compress.max_loss=1 --quiet 2>/dev/null | grep -o -e 'Next window of a stream: p50' -e '; 0.00 % of' -e 'A window of new frames'
beamcue compress "$TESTS/tiny_fusion.yaml" --set 'compress.ratios=[0.5]' --set compress.tune=1 --set prune.epochs=0 --set prune.windows=4 --set quantise.windows=4 --set quantise.validation_windows=4 --set compress.runs=5 --set compress.target_ms=0.001 --quiet 2>/dev/null | grep -o 'None answers within.*takes'
beamcue compress "$TESTS/tiny_fusion.yaml" --set prune.model=nothing.safetensors 2>&1
