# Interrupted and resumed ends in the same weights as not interrupted; the interruption, too, is an object with --json.
set -- "$TESTS/tiny_position.yaml" --set model.hidden=400 --set train.epochs=12 --set train.batch=8
env --default-signal=INT beamcue train "$@" --set name=cut --json >cut.json 2>cut.log &
for _ in $(seq 6000); do
    ! grep -qs 'epoch 1' cut.log || break
    sleep 0.01
done
kill -INT $!
wait $! || echo "status $?"
json_get command status error.status error.message <cut.json
beamcue train "$@" --set name=cut --set train.resume=true --quiet >/dev/null
beamcue train "$@" --set name=whole --quiet >/dev/null
for run in cut whole; do
    tail -c 700000 out/$run/model-seed1.safetensors >$run.weights
done
cmp cut.weights whole.weights && echo same weights
ls out/cut
