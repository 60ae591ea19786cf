beamcue coverage none.yaml --unit 1,2,3
