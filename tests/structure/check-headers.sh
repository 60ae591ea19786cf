#!/bin/sh
# check-headers.sh INCLUDE-DIR CC: does each public header compile alone, as C17 and inside extern "C" as C++?
set -eu
include=$1
cc=$2
cxx=$(command -v g++ || command -v clang++ || true)
[ -n "$cxx" ] || echo "no C++ compiler: C++ is not checked"
failures=0
count=0
for header in "$include"/beamcue/*.h; do
    name=beamcue/$(basename "$header")
    count=$((count + 1))
    if ! printf '#include "%s"\n#include "%s"\ntypedef int used;\n' "$name" "$name" |
        "$cc" -std=c17 -pedantic-errors -Wall -Wextra -Wstrict-prototypes -Wshadow -Werror -fsyntax-only -I"$include" -x c -; then
        echo "$name: does not compile alone as C17"
        failures=$((failures + 1))
    fi
    if [ -n "$cxx" ] && ! printf 'extern "C" {\n#include "%s"\n}\n' "$name" |
        "$cxx" -std=c++17 -pedantic-errors -Wall -Wextra -Werror -fsyntax-only -I"$include" -x c++ -; then
        echo "$name: does not compile inside extern \"C\" as C++17"
        failures=$((failures + 1))
    fi
done
[ "$count" -gt 0 ] || { echo "$include/beamcue: no headers"; exit 1; }
echo "$count headers, $failures failures"
[ "$failures" = 0 ]
