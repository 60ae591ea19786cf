#!/bin/sh
# missing_frames.sh PROGRAM CONFIGS FOLDER: what single frames that are lost cost a small network of four sensors, and one of fixes, by what stands in for
# them (docs/results/missing.md, "Single frames"). Simulates, trains and scores in FOLDER; a table on standard output. Some five minutes of processor time.
set -eu
program=$(realpath "$1")
configs=$(realpath "$2")
mkdir -p "$3"
cd "$3"

[ -d data/street_demo ] || "$program" simulate "$configs/street_demo.yaml" --set episodes=30 --quiet
common="--set split.train=0.5 --set split.validation=0.2 --set split.test=0.3 --set data.window.frames=3 --set data.gps_frames=3 --set seeds=1 --set data.cache=data/cache"
small="--set features.camera.width=64 --set features.camera.height=36 --set features.lidar.width=96 --set features.radar.width=32 --set features.radar.height=24"
cat >fixes.yaml <<'YAML'
name: fixes
data: {sources: [{root: data/street_demo}], power_unit: mW}
split: {kind: episode}
features: {position: {enabled: true, mode: enu}}
model: {kind: position-gru}
train:
  epochs: 40
  batch: 32
  optimizer: {kind: adamw, lr: 0.002, weight_decay: 0.01, schedule: cosine, warmup_epochs: 1}
YAML

# The configuration and the settings of a model.
arguments() {
    case $1 in
    fixes) echo "fixes.yaml $common --set out=out/fixes" ;;
    three) echo "$configs/demo_four.yaml $common $small --set train.epochs=10 --set out=out/three" ;;
    zero) echo "$configs/demo_four.yaml $common $small --set train.epochs=10 --set out=out/zero --set train.modality_dropout.frame=0.3" ;;
    stream) echo "$configs/demo_four.yaml $common $small --set train.epochs=10 --set out=out/stream --set train.modality_dropout.frame=0.3" \
        "--set train.modality_dropout.stand_in=stream" ;;
    esac
}

# score NAME LOST [MORE]: a line
score() {
    # shellcheck disable=SC2046,SC2086
    "$program" evaluate $(arguments "$1") --set evaluate.bootstrap=0 --set evaluate.insight=0 --set "evaluate.missing_frames={$2}" ${3:-} \
        --quiet --json |
        python3 -c 'import json, sys
m = json.load(sys.stdin)["result"]["subsets"][0]["metrics"]
print("%-13s %-70s DBA %.4f  loss %.2f dB" % (sys.argv[1], sys.argv[2], m["dba"]["mean"], m["loss_db"]["mean"]))' "$1" "$2${3:+ $3}"
}

for name in fixes three zero stream; do
    # shellcheck disable=SC2046
    "$program" train $(arguments "$name") --quiet
    score "$name" ""
    for share in 0.2 0.5 0.8; do
        for sensor in camera lidar radar gps all; do
            lost="$sensor: $share"
            [ "$sensor" != all ] || lost="camera: $share, lidar: $share, radar: $share, gps: $share"
            [ "$name" != fixes ] || [ "$sensor" = gps ] || continue
            for stand_in in stream place zero; do
                score "$name" "$lost, stand_in: $stand_in"
            done
            [ "$sensor" != gps ] || score "$name" "$lost, carry_s: 0"
        done
    done
    for sensor in camera lidar radar gps; do
        [ "$name" = fixes ] || score "$name" "" "--set evaluate.missing=[$sensor]"
    done
done
