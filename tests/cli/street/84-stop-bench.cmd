# SIGTERM stops as cleanly, once the program catches it (bit 14 of the signals caught).
beamcue bench out/position/model-seed1.safetensors --runs 1000000 --json >bench.json 2>/dev/null &
for try in $(seq 600); do
    caught=$(awk '/^SigCgt:/ { print $2 }' /proc/$!/status)
    [ $((0x$caught & 0x4000)) -ne 0 ] && break
    sleep 0.05
done
sleep 0.2
kill -TERM $!
wait $! || echo "status $?"
json_get error.status error.message <bench.json
