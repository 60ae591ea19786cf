#!/bin/sh
# check-readme.sh ROOT PROGRAM CC: the C program of README.md compiles without a warning, and its configuration is accepted.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

block() { # block LANGUAGE: the first code block of that language
    awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { if (inside) exit } inside' "$root/README.md"
}

root=$1
block c >"$work/program.c"
grep -q 'int main' "$work/program.c"
"$3" -std=c17 -Wall -Wextra -Werror -fsyntax-only -I"$root/include" "$work/program.c"
block yaml >"$work/scenario5.yaml"
"$2" info "$work/scenario5.yaml" | grep -q 'kind: position-knn'
