beamcue export-samples "$TESTS/tiny_position.yaml" --out samples_json --quiet --json | json_get status result.samples result.train
