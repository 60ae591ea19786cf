printf 'name: x\ndata: {sources: [{root: nowhere}]}\nmodel:\n  kind: beamtransfuser\n' >four.yaml
beamcue train four.yaml --set features.lidar.enabled=false
beamcue train four.yaml --set model.modalities=[camera,sonar]
beamcue train four.yaml --set model.heads=6
beamcue train four.yaml --set model.preset=huge
