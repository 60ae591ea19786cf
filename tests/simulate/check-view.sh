#!/bin/sh
# check-view.sh BEAMCUE: does the page of `simulate --view` run in a browser, without an error and without the network, at the sample that its
# address names? Exit 77 without Chromium.
set -eu
beamcue=$1
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
    echo "skipped: no Chromium (apt-get install chromium)"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

look() { # look PAGE SAMPLE: the page's document after it has drawn that sample
    timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder/profile" \
        --host-resolver-rules='MAP * ~NOTFOUND' --virtual-time-budget=8000 --enable-logging=stderr --dump-dom "file://$1#$2" \
        >"$folder/dom" 2>"$folder/log" || { echo "$1#$2: the browser failed"; tail -n 5 "$folder/log"; failures=$((failures + 1)); }
    if grep -E 'CONSOLE.*(Error|Uncaught|Refused|Failed)' "$folder/log"; then
        echo "$1#$2: an error in the page"
        failures=$((failures + 1))
    fi
}

expect() { # expect PATTERN WHAT
    if ! grep -q "$1" "$folder/dom"; then
        echo "$2: the page does not show /$1/"
        failures=$((failures + 1))
    fi
}

shows() { # shows FOLDER PAGE SAMPLE ROW: what the table's row says is on the page
    look "$2" "$3"
    beam=$(awk -F, -v row="$4" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == row + 1 { print $at["unit1_beam"] - 1 }' "$1/scenario.csv")
    expect 'data-ready="yes"' "$2: all pictures are decoded"
    expect "id=\"beam\">$beam " "$2#$3: beam"
    expect "id=\"position\">$(($3 + 1)) / " "$2#$3: position"
}

set -- --set seed=3 --set episodes=1 --set frame_rate_hz=2 --set camera.width=160 --set camera.height=90 --set channel.subcarriers=4 --quiet
printf 'output: %s/one\nlidar: {enabled: true}\nradar: {enabled: true}\n' "$folder" >"$folder/one.yaml"
"$beamcue" simulate "$folder/one.yaml" "$@" --view "$folder/one.html" >/dev/null
shows "$folder/one" "$folder/one.html" 0 1
shows "$folder/one" "$folder/one.html" 3 4
expect 'line of sight' 'legend'
expect 'GNSS fix' 'legend'

printf 'output: %s/two\nreceivers: all\nchannel: {measured: false}\ncamera: {enabled: false}\nradar: {enabled: true, kind: cube}\n' "$folder" >"$folder/two.yaml"
"$beamcue" simulate "$folder/two.yaml" "$@" --view "$folder/two.html" >/dev/null
shows "$folder/two" "$folder/two.html" 2 3
expect 'served, in sight' 'legend'
[ "$failures" = 0 ] && echo "the pages work in $browser"
[ "$failures" = 0 ]
