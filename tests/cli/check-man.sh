#!/bin/sh
# check-man.sh PROGRAM ROOT: every command has a manual page that mandoc finds nothing wrong with and that has exactly the options of its help;
# the completions are valid shell and offer what the program offers.
set -eu
program=$(realpath "$1")
root=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

if command -v mandoc >/dev/null; then
    # It looks for referenced pages only where they are installed; that is checked below.
    mandoc -Tlint "$root"/docs/man/*.1 | grep -v 'referenced manual not found: Xr beamcue' >"$scratch/lint" || true
    [ ! -s "$scratch/lint" ] || complain "$(cat "$scratch/lint")"
else
    echo "mandoc is not installed: the syntax of the pages is not checked"
fi
sed -n 's/^\.Xr \(beamcue[a-z-]*\) 1.*/\1/p' "$root"/docs/man/*.1 | sort -u | while read -r name; do
    [ -f "$root/docs/man/$name.1" ] || echo "$name"
done >"$scratch/dangling"
[ ! -s "$scratch/dangling" ] || complain "pages that are referred to and missing: $(cat "$scratch/dangling")"

commands=$("$program" -h | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | grep -vx help)
[ -n "$commands" ] || complain "the program lists no commands"
for command in $commands; do
    page=$root/docs/man/beamcue-$command.1
    if [ ! -f "$page" ]; then
        complain "docs/man/beamcue-$command.1 is missing"
        continue
    fi
    "$program" "$command" -h | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort >"$scratch/help"
    sed -n 's/^\.It Fl -\([a-z-]*\).*/--\1/p' "$page" | sort >"$scratch/page"
    diff "$scratch/help" "$scratch/page" || complain "beamcue-$command.1 and 'beamcue $command -h' (<) disagree about options"
    grep -q "^\.Xr beamcue-$command 1" "$root/docs/man/beamcue.1" || complain "beamcue.1 does not refer to beamcue-$command"
done

bash -n "$root/completions/beamcue.bash" || complain "beamcue.bash is not valid"
# In bash: what is offered for some command lines, with the program on the PATH.
ln -s "$program" "$scratch/beamcue"
touch "$scratch/a.yaml" "$scratch/b.txt"
offers() { # offers WORD...: the last word is the one being completed
    (cd "$scratch" && PATH=$scratch:$PATH bash --norc -c '
        . "$0"/completions/beamcue.bash
        COMP_WORDS=(beamcue "$@") COMP_CWORD=$#
        _beamcue beamcue "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf "%s\n" "${COMPREPLY[@]}"' "$root" "$@" | sort | tr '\n' ' ')
}
expect() { # expect WANTED WORD...
    wanted=$1
    shift
    found=$(offers "$@")
    [ "$found" = "$wanted" ] || complain "beamcue $*<Tab> offers '$found', expected '$wanted'"
}
expect "train " tr
expect "--html " inspect x --ht
expect "a.yaml " train a
expect "--json " predict --js
expect "train-config " help train-
[ "$(offers "" | wc -w)" -eq $(($(echo "$commands" | wc -w) + 1)) ] || complain "not every command is offered: $(offers "")"

[ "$failures" -eq 0 ]
