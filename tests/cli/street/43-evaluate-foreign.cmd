beamcue evaluate "$TESTS/tiny_position.yaml" --set name=foreign --predictions out/fusion/predictions-seed1.csv
