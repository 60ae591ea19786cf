beamcue evaluate "$TESTS/tiny_position.yaml" --quiet >/dev/null
beamcue evaluate "$TESTS/tiny_position.yaml" --set name=knn --set model.kind=position-knn --json | json_get command status result.files
