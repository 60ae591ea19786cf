#!/bin/sh
# make-configuration.sh PROGRAM FILE [OUTPUT]: writes FILE (docs/configuration.md) anew, to OUTPUT or over itself: the tables between its
# marks come from `PROGRAM help train-config`, `simulate-config` and `compare-config`, the rest stays.
#     tools/docs/make-configuration.sh build/release/beamcue docs/configuration.md
set -eu
program=$1
file=$2
output=${3:-$2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The help text is YAML: "  key: default   # type[, required]: meaning", and "  key:   # meaning" for a section. One table per section.
tables() { # tables TITLE-OF-THE-FIRST-TABLE
    awk -v title="$1" '
        function cell(text) { gsub(/\|/, "\\|", text); return text }
        function start(name) {
            print (tables++ ? "\n" : "") "### " name "\n"
            print "| key | type and range | default | meaning |"
            print "|---|---|---|---|"
        }
        {
            line[NR] = $0
            match($0, /^ *(- )?/)
            depth[NR] = RLENGTH
        }
        END {
            start(title)
            for (i = 1; i <= NR; i++) {
                text = substr(line[i], depth[i] + 1)
                hash = index(text, "# ")
                comment = substr(text, hash + 2)
                text = substr(text, 1, hash - 1)
                colon = index(text, ":")
                key = substr(text, 1, colon - 1)
                value = substr(text, colon + 1)
                gsub(/^ +| +$/, "", value)
                while (level > 0 && depth[i] <= at[level])
                    level--
                prefix = level > 0 ? path[level] "." : ""
                nested = i < NR && depth[i + 1] > depth[i]
                of_list = nested && line[i + 1] ~ /^ *- /
                if (nested) {
                    if (level == 0)
                        start("`" key "`: " (of_list ? substr(comment, index(comment, ": ") + 2) : comment))
                    else
                        printf "| `%s` | %s | | %s |\n", prefix key, of_list ? "list of sections" : "section",
                            cell(of_list ? substr(comment, index(comment, ": ") + 2) : comment)
                    level++
                    at[level] = depth[i]
                    path[level] = prefix key (of_list ? ".N" : "")
                    continue
                }
                split_at = index(comment, ": ")
                type = substr(comment, 1, split_at - 1)
                meaning = substr(comment, split_at + 2)
                default_text = value != "" ? "`" value "`" : ""
                if (sub(/, required$/, "", type))
                    default_text = "required"
                printf "| `%s` | %s | %s | %s |\n", prefix key, cell(type), default_text, cell(meaning)
            }
        }'
}

"$program" help train-config | tables 'The run' >"$work/train"
"$program" help simulate-config | tables 'The simulation' >"$work/simulate"
"$program" help compare-config | tables 'The list' >"$work/compare"
awk -v folder="$work" '
    /^<!-- end of table -->$/ { skip = 0 }
    !skip { print }
    /^<!-- table: [a-z]+ -->$/ {
        file = folder "/" $3
        while ((getline text < file) > 0)
            print text
        skip = 1
    }' "$file" >"$work/new"
cp "$work/new" "$output"
