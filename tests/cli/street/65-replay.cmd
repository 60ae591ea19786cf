beamcue predict out/fusion/model-seed1.safetensors --replay street --fault gps:nofix,camera:black:0.5 --html replay.html --json >replay.json
json_get command status result.instants result.episodes result.rung_shares.network result.faults.rows.0 result.faults.rows.1 result.files <replay.json
beamcue predict out/fusion/model-seed1.safetensors --replay "$TESTS/tiny_fusion.yaml" --compressed out/position/model-seed1.safetensors --deadline 60000 --json | json_get result.rung_shares.compressed result.rung_shares.network
beamcue predict out/position/model-seed1.safetensors --replay "$TESTS/tiny_fusion.yaml" --compressed out/fusion/model-seed1.safetensors 2>&1
beamcue predict out/fusion/model-seed1.safetensors --replay "$TESTS/tiny_fusion.yaml" --rate 1000 --instants 3 --tracker out/position/model-seed1.safetensors
