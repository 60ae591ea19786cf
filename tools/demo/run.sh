#!/bin/sh
# The demonstration: simulate a street, look at it, train on its four sensors, compare with simpler models, and predict
# from one instant; then a network that came trained, on another street.
# BEAMCUE is the program, build/release/beamcue by default. Everything goes to data/street_demo and out/.
set -eu
cd "$(dirname "$0")/../.."
beamcue=${BEAMCUE:-build/release/beamcue}
page=out/demo/report.html
started=$(date +%s)

step() {
    printf '\n== %s (%d s)\n' "$1" $(($(date +%s) - started))
}

mkdir -p out/demo
step 'Simulate a street: camera, LiDAR, radar, GNSS and received power per beam'
"$beamcue" simulate configs/street_demo.yaml --set overwrite=true --view out/demo/episode.html

step 'Look at the recording'
"$beamcue" inspect data/street_demo --html out/demo/street.html

for model in constant lut knn position radar lidar camera fusion four; do
    step "Train and score: $model"
    "$beamcue" train "configs/demo_$model.yaml"
    "$beamcue" evaluate "configs/demo_$model.yaml" --quiet >"out/demo/$model.txt"
done

step 'Who beats whom'
"$beamcue" compare configs/demo_compare.yaml --html "$page"

step 'One instant of the test part: what its four sensors said, from files'
# The middle row of what the model was tested on names the sample; the recording's table names its files.
predictions=out/demo_four/predictions-seed1.csv
row=$(($(wc -l <"$predictions") / 2))
index=$(sed -n "${row}s|^[^/]*/\\([0-9]*\\),.*|\\1|p" "$predictions")
folder=data/street_demo
cell() { # cell COLUMN: what that row of the table has there
    awk -F, -v name="$1" -v index_wanted="$index" \
        'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } $1 == index_wanted { print $at }' "$folder/scenario.csv"
}
fix() { # fix COLUMN: "latitude,longitude" of the first two lines of its file
    head -n 2 "$folder/$(cell "$1")" | paste -s -d , -
}
echo "sample $index; the best beam was $(($(cell unit1_beam) - 1))"
"$beamcue" predict out/demo_four/model-seed1.safetensors --camera "$folder/$(cell unit1_rgb)" --lidar "$folder/$(cell unit1_lidar)" \
    --radar "$folder/$(cell unit1_radar)" --position "$(fix unit2_loc)" --rsu "$(fix unit1_loc)"

step 'A network that came trained, on a street that it has not seen: BeamTransFuser small'
"$beamcue" simulate configs/deepsense_like_train.yaml --quiet --set output=data/deepsense_like_demo --set episodes=1 --set max_frames_per_episode=40 \
    --set 'scenes=[{name: like-1, seed: 991, set: {channel.noise_floor_dbm: -70.1}}]'
"$beamcue" predict pretrained/beamtransfuser_small.safetensors --replay data/deepsense_like_demo --html out/demo/pretrained.html

step 'Done'
echo "An episode to watch: out/demo/episode.html"
echo "The recording: out/demo/street.html"
echo "The models: $page"
echo "The network that came trained, instant by instant: out/demo/pretrained.html"
