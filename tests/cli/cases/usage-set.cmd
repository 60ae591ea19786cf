beamcue train a.yaml --set epochs
