#!/bin/sh
# run-golden.sh PROGRAM FOLDER [TOOL]...: every NAME.cmd of FOLDER is run by sh, in one scratch folder, in the order of the names, with "beamcue" being
# PROGRAM and the tools at hand by their names. What it prints must be NAME.stdout and NAME.stderr (absent: nothing), its exit status that of NAME.exit (absent: 0). <*> in an
# expected line stands for any text, a line <...> for any lines. With BLESS=1 in the environment the files are written instead of
# compared; look at the difference, and put <*> where times and the like stand.
set -eu
program=$(realpath "$1")
[ -x "$program" ] || { echo "$program is no program"; exit 1; }
folder=$(realpath "$2")
matcher=$(dirname "$(realpath "$0")")/match-output.awk
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work"
ln -s "$program" "$scratch/bin/beamcue"
shift 2
for tool in "$@"; do
    ln -s "$(realpath "$tool")" "$scratch/bin/"
done
PATH=$scratch/bin:$PATH
TESTS=$folder
LC_ALL=C
OMP_NUM_THREADS=1 # the machine may be busy with other tests
export PATH TESTS LC_ALL OMP_NUM_THREADS
cd "$scratch/work"

bless() { # bless NAME STATUS
    for stream in stdout stderr; do
        rm -f "$folder/$1.$stream"
        [ ! -s "$scratch/$stream" ] || sed -e 's/^{"beamcue": "[^"]*"/{"beamcue": "<*>"/' \
            -e 's/^beamcue [0-9][0-9.]* (.*)$/beamcue <*> (<*>)/' "$scratch/$stream" >"$folder/$1.$stream"
    done
    if [ "$2" -ne 0 ]; then echo "$2" >"$folder/$1.exit"; else rm -f "$folder/$1.exit"; fi
}

count=0
failures=0
for case in "$folder"/*.cmd; do
    name=$(basename "$case" .cmd)
    count=$((count + 1))
    status=0
    sh "$case" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null || status=$?
    if [ "${BLESS:-0}" = 1 ]; then
        bless "$name" "$status"
        continue
    fi
    wanted=0
    [ ! -f "$folder/$name.exit" ] || wanted=$(cat "$folder/$name.exit")
    bad=
    if [ "$status" -ne "$wanted" ]; then
        bad=1
        echo "$name: exit status $status, expected $wanted"
        sed 's/^/    /' "$scratch/stderr"
    fi
    for stream in stdout stderr; do
        expected=$folder/$name.$stream
        [ -f "$expected" ] || expected=/dev/null
        if ! awk -f "$matcher" "$expected" "$scratch/$stream" >"$scratch/difference"; then
            bad=1
            echo "$name: $stream differs"
            cat "$scratch/difference"
        fi
    done
    [ -z "$bad" ] || failures=$((failures + 1))
done
echo "$count cases, $failures failures"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]
