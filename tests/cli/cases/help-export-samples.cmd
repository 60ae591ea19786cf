beamcue export-samples -h
