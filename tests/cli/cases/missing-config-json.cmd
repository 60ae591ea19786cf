beamcue evaluate nowhere.yaml --json
