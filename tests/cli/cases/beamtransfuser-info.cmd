printf 'name: x\ndata: {sources: [{root: nowhere}]}\nmodel: {kind: beamtransfuser}\n' >four.yaml
beamcue info four.yaml | sed -n '/^Network/,$p'
