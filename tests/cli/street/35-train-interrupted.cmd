# A run without end, stopped by SIGINT after some epochs. (A shell starts background jobs with SIGINT ignored, so env sets it back.)
env --default-signal=INT beamcue train "$TESTS/tiny_position.yaml" --set name=long --set train.epochs=1000000 >long.out 2>long.log &
for _ in $(seq 600); do
    ! grep -qs 'epoch 3' long.log || break
    sleep 0.1
done
kill -INT $!
status=0
wait $! || status=$?
grep -v '^epoch' long.log
cat long.out
echo "status $status"
ls out/long
