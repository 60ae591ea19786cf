printf "output: street\n" >street-bad.yaml
beamcue simulate street-bad.yaml --set camera.widht=320
