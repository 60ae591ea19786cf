beamcue export-samples "$TESTS/tiny_position.yaml" --out /proc/nowhere --json 2>/dev/null | json_get status error.message
