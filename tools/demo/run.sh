#!/bin/sh
# The demonstration: simulate a street, look at it, train on its camera and positions, compare with simpler models, and predict from one picture.
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
step 'Simulate a street: camera, GNSS and received power per beam'
"$beamcue" simulate configs/street_demo.yaml --set overwrite=true

step 'Look at the recording'
"$beamcue" inspect data/street_demo --html out/demo/street.html

for model in constant lut knn position camera fusion; do
    step "Train and score: $model"
    "$beamcue" train "configs/demo_$model.yaml"
    "$beamcue" evaluate "configs/demo_$model.yaml" --quiet >"out/demo/$model.txt"
done

step 'Who beats whom'
"$beamcue" compare configs/demo_compare.yaml --html "$page"

step 'One instant of the test part: a picture and a position, from files'
# The middle row of what the model was tested on names the sample; the recording's table names its files.
predictions=out/demo_fusion/predictions-seed1.csv
row=$(($(wc -l <"$predictions") / 2))
index=$(sed -n "${row}s|^[^/]*/\\([0-9]*\\),.*|\\1|p" "$predictions")
folder=data/street_demo
line=$(grep "^$index," "$folder/scenario.csv")
file() { # file NUMBER: that cell of the row
    echo "$folder/$(echo "$line" | cut -d , -f "$1")"
}
fix() { # fix FILE: "latitude,longitude" of its first two lines
    head -n 2 "$1" | paste -s -d , -
}
picture=$(file 2)
echo "picture $picture; the best beam was $(($(echo "$line" | cut -d , -f 6) - 1))"
"$beamcue" predict out/demo_fusion/model-seed1.safetensors --camera "$picture" --position "$(fix "$(file 5)")" --rsu "$(fix "$(file 4)")"

step 'Done'
echo "The street: out/demo/street.html"
echo "The models: $page"
