#!/bin/sh
# get_sionna_scenes.sh [FOLDER]: fetch the sionna-rt 2.2.0 package from PyPI and unpack it, for its 15 scenes.
# Default FOLDER: build/release/sionna-rt, where the tests look; elsewhere, BCUE_SIONNA_SCENES=FOLDER/sionna/rt/scenes.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-build/release/sionna-rt}
mkdir -p "$folder"
python3 -m pip download --quiet --no-deps --dest "$folder" sionna-rt==2.2.0
python3 -m zipfile -e "$folder"/sionna_rt-2.2.0-*.whl "$folder"
ls "$folder/sionna/rt/scenes"
