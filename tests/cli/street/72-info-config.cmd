beamcue info "$TESTS/tiny_fusion.yaml"
