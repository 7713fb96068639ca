#!/bin/bash
# Runs one MPI job and checks its output.
# Usage: job.sh [-n RANKS] [-c CODE] [-m TEXT]... [-a TEXT]... -- prog [args]
#   -c CODE   expected exit code of mpirun: a number or "fail" (0)
#   -m TEXT   must be in the output     -a TEXT   must not be in it
#   -s        some ranks without the library: "first" or "last" by itself
# LIBSPAR names the library; SPAR_ variables are forwarded. MPIRUN: another one
# than mpirun.
set -u
ranks=2 code=0 bare=
must=() absent=()
while [ $# -gt 0 ]; do
    case $1 in
    -n) ranks=$2; shift 2 ;;
    -c) code=$2; shift 2 ;;
    -m) must+=("$2"); shift 2 ;;
    -a) absent+=("$2"); shift 2 ;;
    -s) bare=$2; shift 2 ;;
    --) shift; break ;;
    *) echo "job.sh: unknown option $1" >&2; exit 2 ;;
    esac
done
# shellcheck source=tests/mpi/environment.sh
source "$(dirname "$0")/environment.sh"
with=(env "LD_PRELOAD=$preload")
limit=${LIMIT:-120}
if [ "$bare" = first ]; then
    line=(-n 1 "$@" : -n $((ranks - 1)) "${with[@]}" "$@")
elif [ "$bare" = last ]; then
    line=(-n $((ranks - 1)) "${with[@]}" "$@" : -n 1 "$@")
else
    line=(-n "$ranks" "${with[@]}" "$@")
fi
output=$(timeout "$limit" "${MPIRUN:-mpirun}" "${line[@]}" 2>&1 </dev/null)
got=$?
echo "$output"
wrong=0
if [ "$code" = fail ]; then
    if [ $got -eq 0 ] || [ $got -eq 124 ]; then
        echo "job.sh: exit code $got, expected a failure" >&2
        wrong=1
    fi
elif [ $got -ne "$code" ]; then
    echo "job.sh: exit code $got, expected $code" >&2
    wrong=1
fi
for text in ${must[@]+"${must[@]}"}; do
    if ! grep -qF -e "$text" <<<"$output"; then
        echo "job.sh: not in the output: $text" >&2
        wrong=1
    fi
done
for text in ${absent[@]+"${absent[@]}"}; do
    if grep -qF -e "$text" <<<"$output"; then
        echo "job.sh: must not be in the output: $text" >&2
        wrong=1
    fi
done
exit $wrong
