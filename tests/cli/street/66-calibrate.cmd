beamcue calibrate "$TESTS/tiny_position.yaml" --set 'calibrate.coverage=[0.5]' --json | json_get command status result.files
beamcue predict out/position/model-seed1.safetensors --position 33.42043,-111.92891 --rsu 33.4203,-111.9289 --top 1 --coverage 0.5 --json | json_get result.coverage
beamcue predict out/position/model-seed1.safetensors --position 33.42043,-111.92891 --rsu 33.4203,-111.9289 --coverage 0.9 2>&1
beamcue calibrate "$TESTS/tiny_position.yaml" --set 'calibrate.coverage=[0.9, 0.5]' 2>&1
