beamcue export out/position/model-seed1.safetensors --c-header pos.h --json | json_get status result.kind
beamcue export out/knn/model-seed1.safetensors --onnx knn.onnx 2>&1
ls knn.onnx 2>&1 | wc -l
