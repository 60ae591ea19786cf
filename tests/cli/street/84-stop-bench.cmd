# SIGTERM stops as cleanly.
beamcue bench out/position/model-seed1.safetensors --runs 1000000 --json >bench.json 2>/dev/null &
sleep 2
kill -TERM $!
wait $! || echo "status $?"
json_get error.status error.message <bench.json
