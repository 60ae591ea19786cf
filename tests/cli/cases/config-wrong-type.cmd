printf "output: street\nepisodes: many\n" >street-bad.yaml
beamcue simulate street-bad.yaml
