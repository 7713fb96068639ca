# The link gets slower in the run and fast again: all ranks agree on the densities
# that follow, and the job ends well.
. "$(dirname "$0")/common.sh"
spar=$3
replay=$4
need_namespaces
$lab down
$lab up -n 4 -r 1gbit

out=$(mktemp -d)
trap '$lab down; rm -rf "$out"' EXIT
{
    echo name,elements,forward_ms,backward_ms
    for layer in 1 2 3 4 5 6 7 8; do
        echo "layer$layer,$((60000 + 40000 * layer)),0.5,6"
    done
} >"$out/layers.csv"

# set_rate_after STEPS RATE: once so many steps are over
set_rate_after() {
    for _ in $(seq 2000); do
        [ -e "$out/steps" ] && [ "$(wc -l <"$out/steps")" -gt "$1" ] && break
        sleep 0.02
    done
    $lab rate "$2"
}
{
    set_rate_after 60 100mbit
    set_rate_after 110 1gbit
} &
changer=$!
code=0
SPAR_MODE=sparse SPAR_DENSITY=auto SPAR_LEARN_STEPS=3 SPAR_STEP_CALLS=8 \
    SPAR_TRACE=$out/trace timeout 60 $lab run -- "$spar" run -- \
    mpirun -n 4 "$replay" --trace "$out/layers.csv" --warmup 0 --scale 3 --steps 200 \
    --steps-out "$out/steps" </dev/null >"$out/log" 2>&1 || code=$?
kill $changer 2>/dev/null || true
cat "$out/log"
[ $code = 0 ] || fail "exit code $code"
/usr/bin/python3 "$(dirname "$0")/densities.py" "$out/trace" 4 60 110 200
