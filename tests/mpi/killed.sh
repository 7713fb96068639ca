#!/bin/bash
# Kills a process of a job in its training: mpirun must fail soon and leave no
# process behind.
# Usage: killed.sh [-n RANKS] [-s SIGNAL] [-v VICTIM] [-m TEXT]... -- prog [args]
#   -s SIGNAL   KILL
#   -v VICTIM   a rank, or mpirun; the last rank
#   -m TEXT     must be in the output
# The program says "step 20" on stderr when it trains.
set -u
ranks=3 signal=KILL victim="" must=()
while [ $# -gt 0 ]; do
    case $1 in
    -n) ranks=$2; shift 2 ;;
    -s) signal=$2; shift 2 ;;
    -v) victim=$2; shift 2 ;;
    -m) must+=("$2"); shift 2 ;;
    --) shift; break ;;
    *) echo "killed.sh: unknown option $1" >&2; exit 2 ;;
    esac
done
# shellcheck source=tests/mpi/environment.sh
source "$(dirname "$0")/environment.sh"
# Text of a shell that reports a job that was killed would be noise.
set +m
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() {
    echo "killed.sh: $1" >&2
    kill -9 "$mpirun" "${pids[@]}" 2>/dev/null
    cat "$output"
    exit 1
}

# wait_until SECONDS COMMAND...: true as soon as COMMAND is
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

trains() {
    grep -q "step 20" "$output"
}

rank_of() {
    tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p'
}

# A process that ended and was not waited for yet counts as gone.
gone() {
    ! grep -qs '^State:.[^Z]' "/proc/$1/status"
}

mpirun -n "$ranks" env "LD_PRELOAD=$preload" "$@" >"$output" 2>&1 </dev/null &
mpirun=$!
pids=()
wait_until 60 trains || fail "the job does not train"
mapfile -t pids < <(pgrep -P "$mpirun")
[ "${#pids[@]}" -eq "$ranks" ] || fail "${#pids[@]} processes, not $ranks"
target=$mpirun
for pid in "${pids[@]}"; do
    [ "$(rank_of "$pid")" != "${victim:-$((ranks - 1))}" ] || target=$pid
done
kill -s "$signal" "$target"
wait_until 30 gone "$mpirun" || fail "mpirun still runs 30 s after SIG$signal"
wait "$mpirun"
code=$?
[ $code -ne 0 ] || fail "mpirun ended with 0"
for pid in "${pids[@]}"; do
    wait_until 10 gone "$pid" || fail "process $pid is left"
done
cat "$output"
for text in ${must[@]+"${must[@]}"}; do
    grep -qF -e "$text" "$output" || fail "not in the output: $text"
done
echo "killed.sh: ended with $code, no process is left"
