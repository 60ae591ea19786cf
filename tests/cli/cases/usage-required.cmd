beamcue export-samples a.yaml
