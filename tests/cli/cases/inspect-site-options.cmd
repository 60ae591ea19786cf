beamcue inspect --pictures here
beamcue inspect --new-site a.yaml || true
beamcue inspect x --site a.yaml --html b.html || true
beamcue inspect --site a.yaml
