# A trained network at another street. With steps of no length it stays the network that it was: the same scores for any number of samples.
beamcue simulate "$TESTS/tiny_street.yaml" --quiet --set output=other --set seed=4 --set camera.enabled=false >/dev/null 2>&1
beamcue inspect other --new-site other/site.yaml --quiet >/dev/null
beamcue train --init out/position/model-seed1.safetensors --data other --shots 5,12 --quiet --set train.epochs=1 --set train.optimizer.lr=1e-12 --set train.optimizer.weight_decay=0
ls out/adapted_other out/adapted_other/shots-12
cut -d, -f1,2 out/adapted_other/adapt.csv
cut -d, -f3- out/adapted_other/adapt.csv | tail -n +2 | sort -u | wc -l
beamcue train --init out/position/model-seed1.safetensors --data other --shots 12 --quiet --set train.epochs=100 --set train.optimizer.lr=0.05 --set out=out/far >/dev/null
cut -d, -f3- out/far/adapt.csv | tail -n +2 | sort -u | wc -l
# What is refused: another codebook, a model without weights, the recordings that it was trained on, more samples than there are.
sed 's/beams: 64/beams: 32/' other/site.yaml >other/coarse.yaml
beamcue train --init out/position/model-seed1.safetensors --data other/coarse.yaml --quiet --set out=out/refused || echo "status $?"
beamcue train --init out/knn/model-seed1.safetensors --data other --quiet --set out=out/refused || echo "status $?"
beamcue inspect street --new-site street.yaml --quiet >/dev/null
beamcue train --init out/position/model-seed1.safetensors --data street.yaml --shots 5 --quiet --set out=out/refused || echo "status $?"
beamcue train --init out/position/model-seed1.safetensors --data other --quiet --set out=out/refused || echo "status $?"
# As many beams, in the same order, but narrower together: by the recordings, and by site.yaml alone.
beamcue simulate "$TESTS/tiny_street.yaml" --quiet --set output=narrow --set seed=4 --set camera.enabled=false --set array.field_of_view_deg=60 >/dev/null 2>&1
beamcue inspect narrow --new-site narrow/site.yaml --quiet >/dev/null
beamcue train --init out/position/model-seed1.safetensors --data narrow --shots 5 --quiet --set out=out/refused || echo "status $?"
beamcue evaluate "$TESTS/tiny_position.yaml" --quiet --set "data.sources=[{root: narrow}]" --set name=position >/dev/null || echo "status $?"
rm narrow/codebook.json
beamcue train --init out/position/model-seed1.safetensors --data narrow --shots 5 --quiet --set out=out/refused || echo "status $?"
beamcue train --init out/position/model-seed1.safetensors --data narrow --shots 5 --set train.epochs=1 --set data.other_codebook=true --set out=out/let 2>&1 >/dev/null | grep -c 'recordings do not say theirs'
