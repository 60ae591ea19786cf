beamcue train "$TESTS/tiny_position.yaml" --set model.kind=resnet18
