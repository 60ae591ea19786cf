beamcue export out/position/model-seed1.safetensors --onnx position.onnx --batch 1 --safetensors position.torch.safetensors --c-header position.h
head -c 11 position.onnx | tail -c 7
echo
# 45 MB do not fit into a header.
beamcue export out/fusion/model-seed1.safetensors --c-header fusion.h
