beamcue coverage none.yaml --area 10,0,0,5
