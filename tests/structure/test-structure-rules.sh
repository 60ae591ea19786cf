#!/bin/sh
# Does each rule of check-structure.sh fire on a tree that breaks it, and only then?
set -eu
check=$(cd "$(dirname "$0")" && pwd)/check-structure.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fabricate() { # a small tree that keeps every rule
    rm -rf "$work/tree"
    mkdir -p "$work/tree"
    cd "$work/tree"
    mkdir -p src/low src/mid src/high src/side include/beamcue tools/cli examples tests/structure bench
    cat >tests/structure/rooms.txt <<'END'
low:
mid: low
high: mid
side: low
never high: side
header zlib.h: src/low/
header big/: src/mid/
END
    printf '#include <stdio.h>\n#include "beamcue/thing.h"\n#include <zlib.h>\n' >src/low/one.c
    printf '#include "low/two.h"\n#include <big/part.h>\n' >src/mid/three.c
    printf '#include "mid/four.h"\n#include "low/two.h"\n#include "high/own.h"\n' >src/high/five.c
    printf 'bcue_room(NAME high\n  SOURCES five.c\n  EDGES mid)\nif(X)\nendif()\n' >src/high/CMakeLists.txt
    printf '#include <stddef.h>\n#include "beamcue/other.h"\n' >include/beamcue/thing.h
    printf '#include "beamcue/thing.h"\n#include "verb.h"\n' >tools/cli/cli_main.c
    printf '#include <beamcue/thing.h>\n' >examples/example.c
    printf '#include "high/own.h"\n#include "check.h"\n' >tests/test_one.c
    awk 'BEGIN { for (i = 0; i < 700; i++) print "/* line */" }' >src/low/long.c
}

report() {
    echo "$1"
    failures=$((failures + 1))
}

expect() { # expect RULE FILE: the tree in the current folder breaks exactly this rule, in this file
    if found=$(sh "$check" .); then
        report "$1 did not fire for $2"
    elif [ "$(printf '%s\n' "$found" | grep -c .)" != 1 ] || [ "${found#"$1: $2:"}" = "$found" ]; then
        report "expected one breach '$1: $2', found: $found"
    fi
}

fabricate
found=$(sh "$check" .) || report "a good tree is refused: $found"

fabricate
printf '#include "mid/four.h"\n' >>src/low/one.c
expect edges src/low/one.c
fabricate
printf '  #  include "high/own.h"\n' >>src/mid/three.c
expect edges src/mid/three.c
fabricate
printf '#include "four.h"\n' >>src/mid/three.c
expect edges src/mid/three.c
fabricate
printf '#include "side/six.h"\n' >>src/high/five.c
expect never src/high/five.c
fabricate
printf '#include "side/six.h"\n' >>src/mid/three.c
expect edges src/mid/three.c
fabricate
sed 's/^mid: low/mid: low side/' tests/structure/rooms.txt >changed && mv changed tests/structure/rooms.txt
expect never tests/structure/rooms.txt
fabricate
mkdir src/attic
expect edges src/attic/
fabricate
printf 'bcue_room(NAME high SOURCES five.c \n EDGES\n mid side)\n' >src/high/CMakeLists.txt
expect edges src/high/CMakeLists.txt
fabricate
mkdir tests/low && : >tests/low/one.c
expect unique-name tests/low/one.c
fabricate
printf '#include "low/two.h"\n' >>tools/cli/cli_main.c
expect public-only tools/cli/cli_main.c
fabricate
printf '#include "../src/low/two.h"\n' >>examples/example.c
expect public-only examples/example.c
fabricate
printf '#include "low/two.h"\n' >>include/beamcue/thing.h
expect public-header include/beamcue/thing.h
fabricate
printf '#include <zlib.h>\n' >>src/mid/three.c
expect third-party src/mid/three.c
fabricate
printf '#include <big/other.h>\n' >>tools/cli/cli_main.c
expect third-party tools/cli/cli_main.c
fabricate
echo '/* one more */' >>src/low/long.c
expect file-length src/low/long.c

[ "$failures" = 0 ] && echo "every rule fires"
exit "$failures"
