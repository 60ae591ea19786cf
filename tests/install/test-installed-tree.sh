#!/bin/sh
# test-installed-tree.sh SOURCE-DIR BUILD-DIR CC: install into a scratch prefix, look at what is there, and build and
# run a program against it by pkg-config (shared and static) and by find_package.
set -eu
source=$1
build=$2
cc=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
client=$source/tests/install/client
version=$(sed -n 's/^#define BCUE_VERSION_[A-Z]* \([0-9]*\)$/\1/p' "$source/include/beamcue/version.h" | paste -sd.)

fail() {
    echo "$1"
    exit 1
}

cmake --build "$build" >"$work/build.log" || { cat "$work/build.log"; fail "the build folder does not build"; }
cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$prefix" # what is installed may be moved

lib=$(dirname "$(find "$prefix" -name libbeamcue.a)")
[ -f "$lib/libbeamcue.so.$version" ] || fail "no libbeamcue.so.$version"
for header in "$source"/include/beamcue/*.h; do
    cmp "$header" "$prefix/include/beamcue/$(basename "$header")"
done

# Exactly the functions that the headers declare are visible, and the archive keeps to its name space.
nm -D --defined-only "$lib/libbeamcue.so" | awk '{ print $3 }' | sort >"$work/exported"
cat "$prefix"/include/beamcue/*.h | tr '\n' ' ' | sed 's/BCUE_PRINTF([^)]*)//g; s/BCUE_CHECK_RESULT//g' | sed 's/BCUE_API/\n&/g' | grep '^BCUE_API' |
    sed -n 's/^[^(]*[ *]\(bcue_[a-z0-9_]*\)(.*/\1/p' | sort >"$work/declared"
diff "$work/declared" "$work/exported" || fail "declared (<) and exported (>) functions differ"
foreign=$(nm -g --defined-only "$lib/libbeamcue.a" 2>/dev/null | awk 'NF == 3 && $3 !~ /^bcue_/ { print $3 }')
[ -z "$foreign" ] || fail "libbeamcue.a defines names that do not start with bcue_: $foreign"

run() { # run PROGRAM
    said=$(LD_LIBRARY_PATH=$lib "$1")
    [ "$said" = "beamcue $version: ok" ] || fail "$1 printed: $said"
}

uses_shared() {
    LD_LIBRARY_PATH=$lib ldd "$1" | grep -q libbeamcue
}

export PKG_CONFIG_PATH="$lib/pkgconfig"
[ "$(pkg-config --modversion beamcue)" = "$version" ] || fail "beamcue.pc has another version"
# shellcheck disable=SC2046
"$cc" -std=c17 -Wall -Werror -o "$work/by_shared" "$client/client.c" $(pkg-config --cflags --libs beamcue)
run "$work/by_shared"
uses_shared "$work/by_shared" || fail "the shared client does not use libbeamcue.so"

# With both libraries in one folder the linker would take the shared one; and the whole archive, so that nothing which
# some part of it needs is missing from Libs.private.
# shellcheck disable=SC2046
"$cc" -std=c17 -Wall -Werror -o "$work/by_static" "$client/client.c" $(pkg-config --static --cflags --libs beamcue |
    sed 's/-lbeamcue/-Wl,--whole-archive -l:libbeamcue.a -Wl,--no-whole-archive/')
run "$work/by_static"
! uses_shared "$work/by_static" || fail "the static client uses libbeamcue.so"

if ! { cmake -S "$client" -B "$work/client" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" &&
    cmake --build "$work/client"; } >"$work/log" 2>&1; then
    cat "$work/log"
    fail "find_package(beamcue) does not serve"
fi
run "$work/client/client_shared"
run "$work/client/client_static"
! uses_shared "$work/client/client_static" || fail "beamcue::static uses libbeamcue.so"

if [ -f "$source/tools/beamcue/CMakeLists.txt" ]; then
    "$prefix/bin/beamcue" -h >/dev/null || fail "the installed program does not run"
fi
for page in "$source"/docs/man/*.[1357]; do
    [ -f "$page" ] || continue
    [ -n "$(find "$prefix/share/man" -name "$(basename "$page")")" ] || fail "$page is not installed"
done
echo "installed, and used three ways"
