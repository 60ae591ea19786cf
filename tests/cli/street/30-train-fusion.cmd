beamcue train "$TESTS/tiny_fusion.yaml"
ls out/fusion
