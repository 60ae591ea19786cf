beamcue evaluate "$TESTS/tiny_fusion.yaml" --set split.seed=7
