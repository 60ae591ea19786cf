printf "output: street\n" >street-bad.yaml
beamcue simulate street-bad.yaml --set episodes=0 --json
