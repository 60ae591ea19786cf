beamcue bench out/position/model-seed1.safetensors --position 33.42043,-111.92891 --runs 3 --json |
    json_get command status result.kind result.runs result.warmup result.synthetic result.pictures result.fixes result.latency_ms.decode
