#!/bin/sh
# spar advise: text and JSON from reports with known figures (a stand-in for
# mpirun writes them), mistakes, and a real job of two local ranks.
. "$2/common.sh"
make_tree
real_path=$PATH
PATH=$standin:$PATH
export STANDIN_LOG="$folder/log"

# The dense steps that count take 180, 180.18 and 180.36 ms in turn.
expect 0 "$spar" advise --steps 50 --check --json advice.json \
    -- mpirun -n 4 ./train "a b"
[ "$(cut -d ' ' -f 1-3 log)" = "auto 0 98
auto 0 96" ] || fail "the runs: $(cat log)"
has "Measured: 40 dense steps, 4 rank(s) on 4 host(s)" out
has "step         180.2 ms" out
has "computation  25.0 ms" out
has "exposed wait 155.2 ms" out
has "step         29.0 ms (25.0 ms to 33.0 ms" out
has "gain         6.21x over the measured dense step (5.46x to 7.21x)" out
has "Advice: use Spar" out
has "  spar run -- mpirun -n 4 ./train 'a b'" out
has "  spar run SPAR_DENSITY_MIN=0.02 SPAR_DENSITY_MAX=0.1 -- mpirun" out
has "throw away what it trained" out
has "check: 96 steps, " err
has "real / predicted 1.03, inside the range of 25.0 ms to 33.0 ms" out
grep -q -E '^ +1 +5,000,000 +50\.0 ms +send sparsely +10 % +predicted faster' \
    out || fail "row of a sparse layer: $(cat out)"
grep -q -E '^ +1 +156,250 +50\.0 ms +leave dense +- +too small' out ||
    fail "row of a dense layer: $(cat out)"
/usr/bin/python3 - <<'END' || fail "advice.json"
import json

advice = json.load(open("advice.json"))
assert advice["schema_version"] == 1 and advice["verdict"] == "sparse"
assert advice["steps"] == 50 and len(advice["layers"]) == 6
assert advice["command"] == ["mpirun", "-n", "4", "./train", "a b"]
assert abs(advice["measured"]["dense_step_s"] - 0.18018) < 1e-9
assert advice["measured"]["test_step_s"] == 0.03
assert advice["layers"][1]["density"] == 0.05
assert advice["layers"][5]["density"] is None
# Densities are twice those at which the sparse calls were counted.
dense = 2 * 5000000 * 4 * 3 // 4
predicted = advice["predicted"]
wanted = 2 * sum((dense // 10) >> i for i in range(5)) + (dense >> 5)
assert abs(predicted["bytes_per_step"] - wanted) < 1
assert abs(predicted["gain"] - 0.18018 / 0.029) < 1e-9
assert advice["check"]["step_s"] == 0.03 and advice["check"]["inside"]
assert advice["check"]["steps"] == 86 and advice["check"]["settled"]
END

# All dense: it says why, and predicts what the test's last steps took.
expect 0 env STANDIN_DENSE=1 "$spar" advise --steps 50 --json dense.json \
    -- mpirun ./t
has "Advice: stay dense; nothing to gain: too small" out
has "  mpirun ./t" out
grep -q "spar run" out && fail "advises to use Spar: $(cat out)"
grep -q "Check" out && fail "a check that nobody asked for"
/usr/bin/python3 -c 'import json
advice = json.load(open("dense.json"))
assert advice["verdict"] == "dense" and advice["check"] is None
assert abs(advice["predicted"]["step_s"] - 0.18018) < 1e-9
assert abs(advice["predicted"]["gain"] - 1) < 0.01' || fail "dense.json"

# Too short to try all: said, and predicted all the same.
expect 0 env STANDIN_END=60 "$spar" advise --steps 50 -- mpirun ./t
has "ended 10 steps after the dense ones, not 48" out

# What cannot be predicted: one line, and no file.
bad() { # bad CODE TEXT COMMAND...
    wanted=$1
    text=$2
    shift 2
    expect "$wanted" "$@"
    has "$text" err
    [ "$(grep -c '^spar advise:' err)" -eq 1 ] || fail "not one line"
    [ -e none.json ] && fail "a file is there"
}
run="$spar advise --json none.json"
# shellcheck disable=SC2086
{
    bad 1 "choose --steps up to 42" env STANDIN_RULE=none STANDIN_END=90 \
        $run -- mpirun ./t
    bad 1 "let it run for longer" env STANDIN_RULE=none STANDIN_END=30 \
        $run -- mpirun ./t
    bad 1 "use spar ab" env STANDIN_RULE=none $run --steps 20 -- mpirun ./t
    bad 2 "SPAR_DENSITY=0.01 leaves nothing" env SPAR_DENSITY=0.01 \
        $run -- mpirun ./t
    bad 7 "failed with exit code 7" env STANDIN_FAIL=auto $run -- mpirun ./t
    bad 1 "left no report" $run -- echo hello
}
expect 2 "$spar" advise --json /none/x.json -- mpirun ./t
has "/none/x.json: No such file" err
for words in "" "mpirun ./t" "--steps 19 -- mpirun t" "--nonsense -- t"; do
    # shellcheck disable=SC2086
    expect 2 "$spar" advise $words
    has "spar advise: error:" err
done

# Open MPI's own mpirun, with the library: the steps that are told as dense are,
# and so many are made.
replay=$(dirname "$command")/replay
PATH=$real_path
command -v mpirun >/dev/null && [ -x "$replay" ] || exit 0
export OMPI_MCA_mpi_yield_when_idle=1
printf 'name,elements,forward_ms,backward_ms,rms\n%s\n%s\n' \
    a,20000,0.5,1,0.001 b,50000,0.5,1,0.001 >layers.csv
expect 0 "$command" advise --steps 30 --json real.json -- mpirun -n 2 \
    --bind-to none "$replay" --trace layers.csv --post iallreduce --steps 200
has "Measured: 20 dense steps, 2 rank(s) on 1 host(s)" out
has "Advice: " out
/usr/bin/python3 - <<'END' || fail "real.json: $(cat real.json)"
import json

advice = json.load(open("real.json"))
assert [layer["count"] for layer in advice["layers"]] == [50000, 20000]
assert advice["config"]["SPAR_WATCH_STEPS"] == "30"
predicted = advice["predicted"]
assert predicted["step_least_s"] <= predicted["step_s"] \
    <= predicted["step_most_s"]
# The computation alone takes 3 ms, which it sleeps.
assert advice["measured"]["dense_step_s"] > 0.003 < predicted["step_s"]
END
expect 1 "$command" advise --steps 30 -- mpirun -n 2 --bind-to none "$replay" \
    --trace layers.csv --post iallreduce --steps 28
has "let it run for longer" err
expect 1 "$command" advise -- mpirun -n 2 --bind-to none "$replay" \
    --trace layers.csv --post none --steps 5
has "no training step was seen" err

# SPAR_WATCH_STEPS: no density is solved for before the last of them is over.
watch() { # watch STOP: prints the aim of the densities
    expect 0 "$command" run SPAR_WATCH_STEPS=30 SPAR_STOP_STEPS="$1" \
        SPAR_REPORT=watch.json -- mpirun -n 2 --bind-to none "$replay" \
        --trace layers.csv --post iallreduce --steps 100
    /usr/bin/python3 -c 'import json
print((json.load(open("watch.json"))["densities"] or {}).get("aim"))'
}
[ "$(watch 29)" = None ] || fail "solved while watching"
[ "$(watch 32)" = hide ] || fail "not solved after watching"
