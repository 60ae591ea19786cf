#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are part of the pages
# Does check-links.sh see what it should, and nothing else? On a small tree of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/docs" "$work/src/base" "$work/src/engine"
touch "$work/src/base/rng.h" "$work/src/engine/plan_a.c" "$work/src/engine/plan_b.c" "$work/docs/other.md"

expect() { # expect TEXT PAGE: what the check prints for this page, its first line apart
    printf '%s\n' "$2" >"$work/docs/page.md"
    said=$(sh "$here/check-links.sh" "$work" || true)
    [ "$said" = "$1" ] || {
        printf 'for the page\n%s\nexpected\n%s\ngot\n%s\n' "$2" "$1" "$said"
        exit 1
    }
}

expect '' 'A [link](other.md), [one](../src/base/rng.h#L3 "title"), [web](https://example.org/no.md), [here](#part), [folder](../src).'
expect '' 'In `base/rng.h`, `rng.h`, `plan_*.c`, src/engine/ and `src/engine/plan_*.c`; `src/NAME/x.c`, `tests/ROOM/`, `out/x.h5`, `a/b`.'
expect 'docs/page.md:1: the link gone.md leads nowhere' 'A [link](gone.md).'
expect 'docs/page.md:1: the link ../../x leads nowhere' 'A [link](../../x).'
expect 'docs/page.md:1: no file is called gone.c' 'In `gone.c`.'
expect 'docs/page.md:1: no file is called gone_*.c' 'In `gone_*.c`.'
expect 'docs/page.md:1: there is no base/gone.h in src/' 'In `base/gone.h`.'
expect 'docs/page.md:1: there is no docs/gone.md' 'See docs/gone.md.'
expect 'docs/page.md:2: there is no src/gone.c' '```
cc src/gone.c
```'
expect '' '```
cc gone.c
```'
