printf 'comparison:\n  - {a: x, b: y, metrics: top_1}\n' >list.yaml
beamcue compare list.yaml
