#!/bin/sh
# check-links.sh ROOT: do the links and the files named in the Markdown pages of the tree exist? One line per breach,
# "FILE:LINE: what", and exit 1 if there is any. Looked at are
#   - relative links [text](path), outside code blocks;
#   - paths that begin with a folder of the tree (docs/metrics.md), anywhere on a page;
#   - in backquotes, outside code blocks: paths below src/ as in #include (`base/rng.h`), and bare names of sources (`leak.c`), which is
#     possible because no two files of the tree share a name. * stands for any characters.
# NAME and ROOM in a path stand for something else and are not looked for.
set -eu
cd "$1"

files() {
    find . \( -name .git -o -path ./build -o -path ./out -o -path ./data -o -path ./.venv \) -prune -o -type f -print | sed 's|^\./||' | sort
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files >"$work/files"
grep '\.md$' "$work/files" | while IFS= read -r page; do
    awk -v page="$page" -v tree="$work/files" '
        function breach(what) { print page ":" FNR ": " what }
        function plain(path,    parts, n, i, out) { # without "." and ".."
            n = split(path, parts, "/")
            out = ""
            for (i = 1; i <= n; i++) {
                if (parts[i] == "" || parts[i] == ".")
                    continue
                if (parts[i] == "..") {
                    if (!sub(/\/?[^\/]*$/, "", out))
                        out = ""
                } else
                    out = (out == "" ? "" : out "/") parts[i]
            }
            return out
        }
        function matches(pattern, list,    item, any) {
            gsub(/[.+?()|^$\[\]{}]/, "\\\\&", pattern)
            gsub(/\*/, "[^/]*", pattern)
            any = 0
            for (item in list)
                if (item ~ "^" pattern "$") {
                    any = 1
                    break
                }
            return any
        }
        function exists(path) {
            sub(/\/$/, "", path)
            if (path == "" || path in known)
                return 1
            return index(path, "*") > 0 && matches(path, known)
        }
        function placeholder(path) { return path ~ /(^|[\/_.-])(NAME|ROOM)([\/_.-]|$)/ }
        BEGIN {
            while ((getline file < tree) > 0) {
                known[file] = 1
                n = split(file, parts, "/")
                base[parts[n]] = 1
                at = ""
                for (i = 1; i < n; i++) {
                    at = (at == "" ? "" : at "/") parts[i]
                    known[at] = 1
                }
                if (n > 1)
                    top[parts[1]] = 1
                if (n > 2 && parts[1] == "src")
                    room[parts[2]] = 1
            }
            folder = page
            if (!sub(/\/[^\/]*$/, "", folder))
                folder = ""
        }
        /^ *```/ { fence = !fence }
        !fence { # links
            text = $0
            while (match(text, /\]\([^)]*\)/)) {
                target = substr(text, RSTART + 2, RLENGTH - 3)
                text = substr(text, RSTART + RLENGTH)
                sub(/[ \t].*/, "", target)
                sub(/#.*/, "", target)
                if (target == "" || target ~ /^[a-z]+:/)
                    continue
                if (!exists(plain((folder == "" ? "" : folder "/") target)))
                    breach("the link " target " leads nowhere")
            }
        }
        !fence { # backquotes
            n = split($0, piece, "`")
            for (i = 2; i < n; i += 2) {
                name = piece[i]
                if (name !~ /^[A-Za-z0-9_.*\/-]+$/ || placeholder(name))
                    continue
                if (name ~ /^[a-z0-9_*-][a-z0-9_.*-]*\.(c|h|sh|py|awk)$/) {
                    if (!(name in base) && !(index(name, "*") > 0 && matches(name, base)))
                        breach("no file is called " name)
                } else if (split(name, parts, "/") > 1 && parts[1] in room && !exists("src/" name) && !exists(name))
                    breach("there is no " name " in src/")
            }
        }
        { # paths
            text = $0
            while (match(text, /[A-Za-z0-9_.*\/-]+/)) {
                name = substr(text, RSTART, RLENGTH)
                before = substr(text, RSTART - 1, 1)
                text = substr(text, RSTART + RLENGTH)
                sub(/[.-]+$/, "", name)
                sub(/^\.\//, "", name)
                if (split(name, parts, "/") < 2 || !(parts[1] in top) || placeholder(name) || before ~ /[$:~]/)
                    continue
                if (!exists(name) && !(folder != "" && exists(folder "/" name)))
                    breach("there is no " name)
            }
        }' "$page"
done >"$work/breaches"
cat "$work/breaches"
[ ! -s "$work/breaches" ]
