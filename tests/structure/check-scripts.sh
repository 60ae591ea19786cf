#!/bin/sh
# check-scripts.sh ROOT: is shellcheck content with every shell script of the tree? Exit 77 without shellcheck.
set -eu
cd "$1"
if ! command -v shellcheck >/dev/null 2>&1; then
    echo "skipped: no shellcheck"
    exit 77
fi
find .ci tools tests bench examples completions -type f ! -path '*/build/*' 2>/dev/null | while IFS= read -r file; do
    if head -n 1 "$file" | LC_ALL=C grep -aqE '^#!.*(/sh|/bash|env bash)'; then
        printf '%s\n' "$file"
    fi
done | xargs -r shellcheck
