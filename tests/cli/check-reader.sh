#!/bin/sh
# check-reader.sh PROGRAM ROOT: the reader that docs/export.md prints reads what export-samples writes, and scores made with it score as they must.
# Exit status 77 (skipped) without PyTorch.
set -eu
program=$(realpath "$1")
root=$(realpath "$2")
python3 -c 'import torch, numpy' 2>/dev/null || { echo "skipped: PyTorch is not installed"; exit 77; }
OMP_NUM_THREADS=1
export OMP_NUM_THREADS
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
"$program" simulate "$root/tests/cli/street/tiny_street.yaml" --quiet >/dev/null
"$program" export-samples "$root/tests/cli/street/tiny_fusion.yaml" --out samples --quiet >/dev/null
# shellcheck disable=SC2016 # the backquotes are those of Markdown
sed -n '/^```python/,/^```/p' "$root/docs/export.md" | sed '1d;$d' >reader.py
cat >>reader.py <<'PYTHON'
sides = {side: Samples("samples", side) for side in ("train", "validation", "test")}
print({side: len(samples) for side, samples in sides.items()})
batches = list(torch.utils.data.DataLoader(sides["test"], batch_size=4))
print({name: list(tensor.shape) for name, tensor in batches[0][0].items()}, list(batches[0][1].shape))
labels = torch.cat([label for _, label in batches])
np.save("perfect.npy", torch.nn.functional.one_hot(labels, 64).numpy().astype(np.float32))
PYTHON
python3 reader.py >found
cat >wanted <<'WANTED'
{'train': 35, 'validation': 5, 'test': 10}
{'camera': [4, 1, 3, 32, 32], 'camera_present': [4, 1], 'position': [4, 1, 2], 'position_present': [4, 1]} [4]
WANTED
diff wanted found
# Whoever knows the labels has a top-1 accuracy of 100 %.
"$program" evaluate "$root/tests/cli/street/tiny_fusion.yaml" --set name=perfect --predictions perfect.npy --quiet | grep 'Top-1 accuracy  *%  *100\.0'
