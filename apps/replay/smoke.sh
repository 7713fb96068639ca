# smoke.sh REPLAY TRACE: every way to exchange runs its steps, which take at
# least as long as the computation; a trace that is none is refused.
set -eu
replay=$1
trace=$2
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1

fail() {
    echo "failed: $*" >&2
    exit 1
}

launch() {
    timeout 100 mpirun --oversubscribe --bind-to none -n 2 "$replay" "$@" \
        </dev/null
}

value() { # value NAME
    echo "$out" | awk -v name="$1" '$1 == name { print $2 }'
}

replay() { # replay arguments...
    out=$(launch --trace "$trace" --steps 3 --warmup 1 --scale 0.1 "$@" \
        2>/dev/null) || fail "exit: $*"
    [ "$(value steps)" = 3 ] || fail "$*: steps"
    awk -v least="$(value step_time_p10_s)" -v compute="$(value compute_time_s)" \
        -v wait="$(value wait_time_median_s)" \
        'BEGIN { exit !(compute == 0.021 && least >= compute && wait != "") }' ||
        fail "$*: $out"
}

for post in iallreduce blocking flat none; do
    replay --post $post
done
replay --compute busy
code=0
words=$(launch --trace "$0" 2>&1) || code=$?
[ $code -ne 0 ] || fail "takes anything for a trace"
echo "$words" | grep -q "$0:1: not the expected header" || fail "$words"
