beamcue evaluate "$TESTS/tiny_fusion.yaml"
ls out/fusion
