#!/bin/bash
# latency.sh BUILD-FOLDER WORK-FOLDER: how long one prediction of a network takes, as tables in Markdown on standard output:
#   - p50, p95 and p99 on one thread and on two, on an idle machine and beside a busy loop on one core (the noisy neighbour);
#   - latency and parameters for 64, 152 and 256 beams, beside the time of a sweep of as many slots of 0.125 ms (120 kHz spacing).
# Frames are synthetic, from bytes to ranked beams; weights are random (bench_open), which takes the same time as trained ones.
# PRESET (full; small, tiny), RUNS (200), WARMUP (5), BEAMS ("64 152 256") and CORE (0, of the neighbour) may be set. Nothing else should run.
set -euo pipefail
build=${1:?usage: latency.sh BUILD-FOLDER WORK-FOLDER}
work=${2:?usage: latency.sh BUILD-FOLDER WORK-FOLDER}
preset=${PRESET:-full} runs=${RUNS:-200} warmup=${WARMUP:-5} beams=${BEAMS:-64 152 256} core=${CORE:-0}
beamcue=$(find "$build" -maxdepth 1 -name beamcue -type f | head -n 1)
bench_open=$(find "$build" -name bench_open -type f | head -n 1)
if [ -z "$beamcue" ] || [ -z "$bench_open" ]; then
    echo "latency.sh: no beamcue and bench_open in $build; build it first" >&2
    exit 2
fi
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
mkdir -p "$work"
neighbour=

stop_neighbour() {
    [ -z "$neighbour" ] || { kill "$neighbour" 2>/dev/null || true; wait "$neighbour" 2>/dev/null || true; }
    neighbour=
}
trap stop_neighbour EXIT

# number FILE PATH: one number of the answer of bench --json.
number() {
    python3 -c 'import json,sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[key]
print(value if isinstance(value, int) else f"{value:.1f}")' "$1" "$2"
}

# measure MODEL THREADS NAME: the answer of bench in WORK/NAME.json.
measure() { "$beamcue" bench "$1" --threads "$2" --runs "$runs" --warmup "$warmup" --json >"$work/$3.json"; }

model_of() { printf '%s/%s-%s.safetensors' "$work" "$preset" "$1"; }
for b in $beams; do
    [ -f "$(model_of "$b")" ] || "$bench_open" make "$preset" "$(model_of "$b")" "$b" >/dev/null
done
first=${beams%% *}

printf '%s network, %s runs, %s, load average at the start %s.\n\n' "$preset" "$runs" "$(date -u +%Y-%m-%d)" "$(cut -d' ' -f1 /proc/loadavg)"
printf '| threads | neighbour | p50 (ms) | p95 (ms) | p99 (ms) | largest (ms) |\n|---|---|---|---|---|---|\n'
for threads in 1 2; do
    for beside in none "busy loop on core $core"; do
        if [ "$beside" != none ]; then
            taskset -c "$core" sh -c 'while :; do :; done' &
            neighbour=$!
        fi
        name=$threads-$([ "$beside" = none ] && echo idle || echo noisy)
        measure "$(model_of "$first")" "$threads" "$name"
        stop_neighbour
        printf '| %s | %s |' "$threads" "$beside"
        for point in p50 p95 p99 max; do printf ' %s |' "$(number "$work/$name.json" "result.latency_ms.total.$point")"; done
        printf '\n'
    done
done

printf '\n| beams | parameters | p50 on two threads (ms) | sweep of as many slots (ms) |\n|---|---|---|---|\n'
for b in $beams; do
    measure "$(model_of "$b")" 2 "beams-$b"
    printf '| %s | %s | %s | %s |\n' "$b" "$(number "$work/beams-$b.json" result.parameters)" "$(number "$work/beams-$b.json" "result.latency_ms.total.p50")" \
        "$(awk "BEGIN { print 0.125 * $b }")"
done
