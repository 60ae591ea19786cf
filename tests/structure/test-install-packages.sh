#!/bin/sh
# tools/install-packages with stand-ins for dpkg-query, id, sudo and apt-get: what it asks for, and from whom.
set -eu
script=$(cd "$(dirname "$0")/../.." && pwd)/tools/install-packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
for tool in sh awk tr dirname env cat; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
done

stand_in() { # stand_in NAME SCRIPT-LINE
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

run() {
    status=0
    output=$(PATH="$work/bin" BCUE_SKIP_PACKAGES=0 sh "$script" "$@" 2>&1) || status=$?
}

expect() { # expect STATUS TEXT
    case "$status:$output" in
    "$1:"*"$2"*) ;;
    *)
        echo "status $status, expected $1; output lacks '$2': $output"
        exit 1
        ;;
    esac
}

run build
expect 1 "This is not a Debian system."

stand_in dpkg-query 'echo "install ok installed"'
run build test
expect 0 ""
[ -z "$output" ] || { echo "nothing is missing, but it says: $output"; exit 1; }

# shellcheck disable=SC2016
stand_in dpkg-query 'case "$3" in cmake|clang|libyaml-dev) exit 1 ;; esac; echo "install ok installed"'
stand_in id 'echo 1000'
run build
expect 1 "sudo apt-get update && sudo apt-get install -y --no-install-recommends cmake libyaml-dev"
run build test
expect 1 "recommends cmake libyaml-dev clang"

stand_in sudo 'exit 1'
run build
expect 1 "sudo apt-get update"

# shellcheck disable=SC2016
stand_in sudo 'shift; if [ "$1" != true ]; then echo "sudo: $*"; fi'
run build
expect 0 "sudo: env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends cmake libyaml-dev"

stand_in id 'echo 0'
# shellcheck disable=SC2016
stand_in apt-get 'echo "apt-get $*"'
run build
expect 0 "apt-get install -q -y --no-install-recommends cmake libyaml-dev"

stand_in apt-get 'exit 100'
run build
expect 100 "Installing: cmake libyaml-dev"
echo "packages are asked for as they should be"
