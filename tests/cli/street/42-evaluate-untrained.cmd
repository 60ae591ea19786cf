beamcue evaluate "$TESTS/tiny_position.yaml" --set name=never
