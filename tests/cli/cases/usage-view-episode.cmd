beamcue simulate none.yaml --view-episode 2
