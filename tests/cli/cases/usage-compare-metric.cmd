beamcue compare comparisons.yaml --metric top_1
