beamcue predict out/fusion/model-seed1.safetensors --camera none --position 33.42043,-111.92891 --rsu 33.4203,-111.9289 --top 2 --json >predict.json
json_get command status result.model result.kind result.beams result.ranked.1 result.ranked.2 result.timing_ms.decode <predict.json
