#!/bin/sh
# Does check-headers.sh refuse headers that lean on others, use extensions, or are no C++?
set -eu
cc=$1
check=$(cd "$(dirname "$0")" && pwd)/check-headers.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/beamcue"

try() { # try EXPECTED-STATUS TEXT
    printf '#ifndef H\n#define H\n%s\n#endif\n' "$2" >"$work/beamcue/a.h"
    status=0
    sh "$check" "$work" "$cc" >"$work/log" 2>&1 || status=1
    if [ "$status" != "$1" ]; then
        echo "status $status, expected $1, for: $2"
        cat "$work/log"
        exit 1
    fi
}

try 0 'int f(int a);'
try 1 'int f(size_t a);'
try 1 'int f();'
try 1 'int f(__int128 a);'
if command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1; then
    try 1 'int f(int class);'
fi
rm "$work/beamcue/a.h"
if sh "$check" "$work" "$cc" >/dev/null 2>&1; then
    echo "a folder without headers passes"
    exit 1
fi
echo "every rule fires"
