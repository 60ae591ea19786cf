beamcue complete "$TESTS/tiny_position.yaml" 2>&1
