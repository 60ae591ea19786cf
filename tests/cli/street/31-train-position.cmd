beamcue train "$TESTS/tiny_position.yaml" --quiet
