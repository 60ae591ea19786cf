beamcue simulate "$TESTS/tiny_street.yaml"
