sed 's/both/camera/' lists/asked.yaml >lists/late.yaml
beamcue compare lists/late.yaml | tail -n 4
