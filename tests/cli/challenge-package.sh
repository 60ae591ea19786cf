#!/bin/sh
# challenge-package.sh PROGRAM ROOT: configs/deepsense31_34.yaml on a fabricated package of the 2022 challenge: every protocol that the
# file names trains, is scored and says what it should; the official test set is answered.
set -eu
export OMP_WAIT_POLICY=passive
program=$(realpath "$1")
root=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() {
    echo "$*"
    exit 1
}

cat >street.yaml <<'END'
output: street
episodes: 4
max_frames_per_episode: 18
array: {elements: 16, beams: 64}
camera: {width: 64, height: 36}
lidar: {enabled: true}
radar: {enabled: true, kind: cube-scenario9, scatterers: 20}
END
"$program" simulate street.yaml --quiet >/dev/null

# pack FOLDER TABLE STRIDE LABELLED SCENARIO...: each scenario is an episode of the street, in the layout and with the windows of the package.
pack() {
    folder=$1 table=$2 stride=$3 labelled=$4
    shift 4
    mkdir -p "$folder"
    header=index
    for m in rgb lidar radar; do for f in 1 2 3 4 5; do header=$header,unit1_${m}_$f; done; done
    header=$header,unit1_loc,unit2_loc_1,unit2_loc_2
    [ "$labelled" = 0 ] || header=$header,unit1_pwr_60ghz,unit1_beam
    echo "$header" >"$folder/$table"
    for scenario in "$@"; do
        mkdir -p "$folder/scenario$scenario"
        cp -rl street/unit1 street/unit2 "$folder/scenario$scenario/"
        awk -F, -v scenario="$scenario" -v episode=$((scenario - 30)) -v stride="$stride" -v labelled="$labelled" '
            NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
            $column["seq_index"] == episode { row[n++] = $0 }
            function cell(i, name,  part) {
                split(row[i], part, ",")
                sub(/^\.\//, "./scenario" scenario "/", part[column[name]])
                return part[column[name]]
            }
            END {
                for (i = 4 * stride; i < n; i++) {
                    line = ++index_
                    for (m = 0; m < 3; m++)
                        for (f = 4; f >= 0; f--)
                            line = line "," cell(i - f * stride, m == 0 ? "unit1_rgb" : m == 1 ? "unit1_lidar" : "unit1_radar")
                    line = line "," cell(i, "unit1_loc") "," cell(i - 4 * stride, "unit2_loc") "," cell(i - 3 * stride, "unit2_loc")
                    if (labelled)
                        line = line "," cell(i, "unit1_pwr_60ghz") "," cell(i, "unit1_beam")
                    print line
                }
            }' street/scenario.csv >>"$folder/$table"
    done
}
pack data/Multi_Modal ml_challenge_dev_multi_modal.csv 2 1 32 33 34
pack data/Adaptation_dataset_multi_modal ml_challenge_data_adaptation_multi_modal.csv 1 1 31
pack data/Multi_Modal_Test ml_challenge_test_multi_modal.csv 2 0 31

config=$root/configs/deepsense31_34.yaml
run() {
    verb=$1
    shift
    "$program" "$verb" "$config" --quiet --set model.preset=tiny --set model.blocks=1 --set features.camera.width=32 --set features.camera.height=32 \
        --set features.lidar.width=32 --set features.lidar.height=32 --set features.radar.width=128 --set features.radar.height=256 \
        --set model.anchors=1 --set train.epochs=1 --set train.optimizer.warmup_epochs=0 --set split.train=0.6 --set split.validation=0.2 --set split.test=0.2 \
        --set threads=1 --set evaluate.bootstrap=0 "$@"
}
rows() { echo $(($(wc -l <"$1") - 1)); }
development=$(rows data/Multi_Modal/ml_challenge_dev_multi_modal.csv)
adaptation=$(rows data/Adaptation_dataset_multi_modal/ml_challenge_data_adaptation_multi_modal.csv)
if [ "$development" -lt 20 ] || [ "$adaptation" -lt 8 ]; then
    fail "the street gave only $development and $adaptation windows"
fi

# The published protocol: floor(0.9 N) train, all others are tested.
published() {
    run "$1" --set split.kind=paper-a --set split.allow_leak=true --set data.sources.1.copies=5 --set split.train=0.9 \
        --set split.validation=0.1 --set split.test=0 --set out=out/paper_a
}
published train >/dev/null
published evaluate >paper_a.txt
total=$((development + 6 * adaptation))
tested=$((total - total * 9 / 10))
[ "$(rows out/paper_a/predictions-seed1.csv)" = $tested ] || fail "paper-a tested $(rows out/paper_a/predictions-seed1.csv) of $total, not $tested"
grep -q '^Leak: ' paper_a.txt || fail "paper-a does not say how much leaks: $(cat paper_a.txt)"

# A street never seen, and then the windows of it.
unseen() {
    run "$1" --set split.kind=scenario --set 'split.test_scenarios=[31]' --set out=out/zero_shot
}
unseen train >/dev/null
unseen evaluate >zero_shot.txt
[ "$(rows out/zero_shot/predictions-seed1.csv)" = "$adaptation" ] || fail "zero-shot tested $(rows out/zero_shot/predictions-seed1.csv) of $adaptation windows"
run train --set train.init=out/zero_shot/model-seed1.safetensors --set data.sources.1.copies=3 --set out=out/few_shot >/dev/null

# The official test set.
run evaluate --set out=out/few_shot --submit data/Multi_Modal_Test/ml_challenge_test_multi_modal.csv >submit.txt
answers=out/few_shot/submission-seed1.csv
[ "$(head -n 1 $answers)" = "index,top-1 beam,top-2 beam,top-3 beam" ] || fail "header: $(head -n 1 $answers)"
[ "$(rows $answers)" = "$(rows data/Multi_Modal_Test/ml_challenge_test_multi_modal.csv)" ] || fail "$(rows $answers) answers"
awk -F, 'NR > 1 && ($1 != NR - 2 || $2 < 1 || $2 > 64 || $3 < 1 || $3 > 64 || $4 < 1 || $4 > 64 || $2 == $3 || $3 == $4 || $2 == $4) { exit 1 }' $answers ||
    fail "a row of the submission is not three different beams from 1 to 64"
echo "development $development, adaptation $adaptation windows; paper-a tests $tested of $total; all protocols ran"
