printf 'name: a\ndata: {sources: [{root: street}]}\nmodel: {kidn: resnet18}\n' >bad.yaml
beamcue train bad.yaml
