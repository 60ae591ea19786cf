beamcue train a.yaml --sat=a=b
