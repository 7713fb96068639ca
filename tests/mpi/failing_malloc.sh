#!/bin/bash
# Runs a job again and again; each time another allocation of libspar.so fails
# on one rank. However it ends, no sum may be wrong: either all goes on, or the
# job ends with a line that says what there was no memory for.
# Usage: failing_malloc.sh [-n RANKS] [-j JOBS] -- prog [args]
#   -j JOBS   about so many jobs, spread evenly; without it: every allocation of
#             the first rank and of the last
# The program says "sums are right" when they are. LIBSPAR names the library,
# FAILING the one behind it; SPAR_ variables are forwarded.
set -u
ranks=2 jobs=0
while [ $# -gt 0 ]; do
    case $1 in
    -n) ranks=$2; shift 2 ;;
    -j) jobs=$2; shift 2 ;;
    --) shift; break ;;
    *) echo "failing_malloc.sh: unknown option $1" >&2; exit 2 ;;
    esac
done
LIBSPAR_BEHIND=$FAILING
# shellcheck source=tests/mpi/environment.sh
source "$(dirname "$0")/environment.sh"
whole=0 ended=0 wrong=0

# run RANK NUMBER PROGRAM...: leaves its output and its code.
run() {
    local rank=$1 number=$2
    shift 2
    output=$(timeout "${LIMIT:-60}" mpirun -n "$ranks" env \
        "LD_PRELOAD=$preload" FAILING_RANK="$rank" FAILING_NUMBER="$number" \
        "$@" 2>&1 </dev/null)
    code=$?
}

# judge RANK NUMBER
judge() {
    if [ $code -eq 0 ] && grep -q "sums are right" <<<"$output"; then
        whole=$((whole + 1))
    elif [ $code -ne 0 ] && [ $code -ne 124 ] &&
        grep -q "spar:.*out of memory" <<<"$output" &&
        ! grep -qE "FAILED|[Ss]ignal:|wrong|lost or made up" <<<"$output"; then
        ended=$((ended + 1))
    else
        wrong=$((wrong + 1))
        echo "rank $1, allocation $2: exit code $code"
        echo "$output"
    fi
}

for rank in 0 $((ranks - 1)); do
    run $rank 0 "$@"
    count=$(sed -n 's/^failing_malloc: \([0-9]*\) allocations$/\1/p' \
        <<<"$output")
    judge $rank 0
    if [ "${count:-0}" -lt 20 ]; then
        echo "rank $rank: ${count:-no} allocations were seen"
        echo "$output"
        exit 1
    fi
    stride=1
    if [ "$jobs" -gt 0 ]; then
        stride=$(((2 * count + jobs - 1) / jobs))
    fi
    # The first rank's begin with the first one, the last rank's in between.
    for ((number = 1 + (rank > 0) * stride / 2; number <= count; \
        number += stride)); do
        run $rank "$number" "$@"
        judge $rank "$number"
    done
    echo "rank $rank makes $count allocations"
done
echo "$whole jobs went on, $ended ended with a line, $wrong were wrong"
[ $wrong -eq 0 ] && [ $whole -gt 2 ] && [ $ended -gt 0 ]
