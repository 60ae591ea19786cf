#!/bin/sh
# check-configuration.sh ROOT PROGRAM: is docs/configuration.md what tools/docs/make-configuration.sh makes of the program's help?
set -eu
new=$(mktemp)
trap 'rm -f "$new"' EXIT
"$1/tools/docs/make-configuration.sh" "$2" "$1/docs/configuration.md" "$new"
rows=$(grep -c '^| `' "$new")
[ "$rows" -gt 100 ] || {
    echo "only $rows keys: does the help of the program still look as the script expects?"
    exit 1
}
diff "$1/docs/configuration.md" "$new" || {
    echo "docs/configuration.md is stale: run tools/docs/make-configuration.sh build/release/beamcue docs/configuration.md"
    exit 1
}
