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

for post in iallreduce blocking flat none thread; do
    replay --post $post
done
replay --compute busy
replay --need layer
replay --post thread --compute busy
# Longer by 0.57 in the warm-up, then by 0.75, 0.97 and 0.44.
replay --post none --jitter 1
awk -v longest="$(value step_time_p90_s)" \
    'BEGIN { exit !(longest >= 1.9 * 0.021) }' || fail "no jitter: $out"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
replay --steps-out "$folder/steps"
[ "$(wc -l <"$folder/steps")" = 4 ] || fail "not a line for each step"
awk -F, 'NR == 1 { next }
    !($1 >= 0.021 && $2 >= 0 && $2 < $1) { exit 1 }' "$folder/steps" ||
    fail "steps: $(cat "$folder/steps")"

refused() { # refused WORDS arguments...: the command fails and says why
    wanted=$1
    shift
    code=0
    words=$(launch "$@" 2>&1) || code=$?
    [ $code = 1 ] || [ $code = 2 ] || fail "exit code $code: $*"
    echo "$words" | grep -qF "$wanted" || fail "$*: $words"
}

refused "$0:1: not the expected header" --trace "$0"
refused "steps: No such file or directory" --trace "$trace" \
    --steps-out "$folder/none/steps"
refused "only with --post iallreduce" --trace "$trace" --need layer --post flat
refused "2: not a valid value" --trace "$trace" --jitter 2
refused "always: not a valid value" --trace "$trace" --need always
echo name,elements,forward_ms,backward_ms >"$folder/old.csv"
echo a,5000,1,1 >>"$folder/old.csv"
launch --trace "$folder/old.csv" --steps 1 --warmup 0 >/dev/null 2>&1 ||
    fail "a trace without rms"
echo name,elements,forward_ms,backward_ms,rms >"$folder/bad.csv"
echo a,5000,1,1 >>"$folder/bad.csv"
refused "bad.csv:2: not name,elements,forward_ms,backward_ms,rms" \
    --trace "$folder/bad.csv"
