#!/bin/sh
# check-structure.sh ROOT: does the source tree keep the rules of tests/structure/rooms.txt and CONTRIBUTING.md?
# Prints one line per breach, "rule: file:line: what", and exits 1 if there is any.
set -eu
cd "$1"
rooms=tests/structure/rooms.txt

list() { # list NAME-PATTERN...: files of the tree, build folders and the like apart
    for folder in src include tools tests examples bench cmake; do
        [ -d "$folder" ] || continue
        for pattern in "$@"; do
            find "$folder" -type f -name "$pattern" ! -path '*/build/*' ! -path '*/.*'
        done
    done | sort
}

check() {
    # One name, one file. CMakeLists.txt and README.md are names that tools ask for.
    list '*.c' '*.h' '*.sh' '*.py' '*.cmake' | awk -F/ '
        seen[$NF] != "" { print "unique-name: " $0 ":1: the name is taken by " seen[$NF]; next }
        { seen[$NF] = $0 }'

    list '*.c' '*.h' | while IFS= read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 700 ] || echo "file-length: $file:$lines: more than 700 lines; split it by what it does"
    done

    for folder in src/*/; do
        room=$(basename "$folder")
        grep -q "^$room:" "$rooms" || echo "edges: $folder:1: the room has no line in $rooms"
    done

    list '*.c' '*.h' CMakeLists.txt | awk -v table="$rooms" '
        function breach(rule, what) { print rule ": " file ":" FNR ": " what }
        function close_over(from, room,    list, n, i) { # all that `from` may see through `room`
            n = split(edges[room], list, " ")
            for (i = 1; i <= n; i++)
                if (!((from, list[i]) in sees)) {
                    sees[from, list[i]] = 1
                    close_over(from, list[i])
                }
        }
        function read_table(    line, parts, list, n, i, room, pair) {
            while ((getline line < table) > 0) {
                sub(/#.*/, "", line)
                if (split(line, parts, ":") < 2)
                    continue
                if (parts[1] ~ /^never /) {
                    room = substr(parts[1], 7)
                    n = split(parts[2], list, " ")
                    for (i = 1; i <= n; i++)
                        never[room, list[i]] = 1
                } else if (parts[1] ~ /^header /) {
                    gsub(/ /, "", parts[2])
                    owner[substr(parts[1], 8)] = parts[2]
                } else {
                    edges[parts[1]] = parts[2]
                }
            }
            for (room in edges)
                close_over(room, room)
            for (pair in never)
                if (pair in sees) {
                    split(pair, parts, SUBSEP)
                    print "never: " table ":1: " parts[1] " can see " parts[2] " through the edges of the table"
                }
        }
        function check_include(path, quoted,    header, at, first, room, parts) {
            for (header in owner)
                if (index(path, header) == 1 && index(file, owner[header]) != 1 && file !~ /^tests\//)
                    breach("third-party", path " belongs in " owner[header] " only")
            at = index(path, "/")
            first = at > 0 ? substr(path, 1, at - 1) : ""
            if (file ~ /^(tools|examples)\//) {
                if (first in edges || path ~ /(^|\/)src\//)
                    breach("public-only", path " is internal; include beamcue/ headers only")
            } else if (file ~ /^include\//) {
                if (quoted && first != "beamcue")
                    breach("public-header", path " is not public")
            } else if (file ~ /^src\// && quoted && first != "beamcue") {
                split(file, parts, "/")
                room = parts[2]
                if (!(first in edges))
                    breach("edges", path " is in no room; write \"room/file.h\"")
                else if ((room, first) in never)
                    breach("never", room " must never see " first)
                else if (first != room && !((room, first) in sees))
                    breach("edges", room " may not include " first)
            }
        }
        function check_links(line,    words, n, i, parts) { # the links of the build are edges of the table too
            gsub(/[()]/, " & ", line)
            split(file, parts, "/")
            n = split(line, words, " ")
            for (i = 1; i <= n; i++) {
                if (words[i] ~ /^([A-Z_]+|\))$/)
                    linking = words[i] == "EDGES"
                else if (linking && !((parts[2], words[i]) in sees))
                    breach("edges", parts[2] " links " words[i] ", which the table does not allow")
            }
        }
        BEGIN { read_table() }
        {
            file = $0
            FNR = 0
            linking = 0
            while ((getline line < file) > 0) {
                FNR++
                if (file ~ /^src\/[^\/]*\/CMakeLists.txt$/)
                    check_links(line)
                else if (line ~ /^[ \t]*#[ \t]*include[ \t]*["<]/) {
                    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
                    quoted = substr(line, 1, 1) == "\""
                    line = substr(line, 2)
                    sub(/[">].*/, "", line)
                    check_include(line, quoted)
                }
            }
            close(file)
        }'
}

breaches=$(check)
if [ -n "$breaches" ]; then
    printf '%s\n' "$breaches"
    exit 1
fi
