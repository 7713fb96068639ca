#!/bin/sh
# spar ab: phases, table, JSON and picture, with a stand-in for mpirun whose
# reports hold known figures.
. "$2/common.sh"
make_tree
PATH=$standin:$PATH
export STANDIN_LOG="$folder/log"
expect 0 "$spar" ab --rounds 2 --steps 60 --out results --label "a lab" \
    -- mpirun -n 4 ./train

# Phase 1: the default and each algorithm; ring is best. Phase 2: two rounds.
cut -d ' ' -f 1-3 log >calls
same "dense 0 12
dense 1 12
dense 2 12
dense 3 12
dense 4 12
dense 5 12
dense 6 12
dense 0 60
dense 4 60
auto 0 60
dense 4 60
auto 0 60
dense 0 60" calls
has "-x LD_PRELOAD=$library" log
has "round 2 of 2, Spar" err
has "left]" err

grep -q -E '^dense, default +180\.2 ms .*30 MB +31\.5 MB +1\.00x +0\.50x' out ||
    fail "row of the default: $(cat out)"
grep -q -E '^dense, ring +90\.1 ms .* 2\.00x +1\.00x' out || fail "row of ring"
grep -q -E '^Spar +30\.0 ms .* 3 MB +3\.15 MB +6\.01x +3\.00x' out ||
    fail "row of Spar"
has "test accuracy 87.50" out
has "Steps from number 10 on" out

/usr/bin/python3 - <<'END' || fail "ab.json"
import json

ab = json.load(open("results/ab.json"))
assert ab["schema_version"] == 1
assert ab["command"] == ["mpirun", "-n", "4", "./train"]
assert ab["dense_best"]["algorithm"] == "ring"
assert abs(ab["dense_default"]["step_s"] - 0.18018) < 1e-9
assert abs(ab["dense_best"]["step_s"] - 0.09009) < 1e-9
assert ab["spar"]["step_s"] == 0.03
assert ab["spar"]["bytes_per_step"] == 3000000
assert ab["dense_default"]["bytes_per_step"] == 30000000
assert abs(ab["gain_vs_default"] - 6.006) < 1e-6
assert abs(ab["gain_vs_best"] - 3.003) < 1e-6
assert ab["compared_from_step"] == 10 and ab["steady"]
assert len(ab["spar"]["rounds"]) == 2
assert ab["spar"]["result_lines"] == [
    "step 50", "checksum rank 3 %016x" % (77 * 60), "test accuracy 87.50 %"]
assert ab["config"] == {"SPAR_MODE": "auto"}
assert ab["machine"]["mpi"] and ab["label"] == "a lab"
END
if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
    head -c 4 results/ab.png | grep -q PNG || fail "no picture"
else
    has "no picture" err
fi

# Dense sums with fewer bits, between dense and Spar, only where asked for.
grep -q quantised out && fail "quantised, unasked"
: >log
expect 0 "$spar" ab --rounds 1 --steps 60 --algorithms 4 --quantised int8 \
    --out results -- mpirun ./t
cut -d ' ' -f 1-3 log >calls
same "dense 0 12
dense 4 12
dense 0 60
dense 4 60
quantised 0 60
auto 0 60" calls
grep -A 1 -E '^dense, ring ' out | grep -q -E \
    '^quantised, int8 +90\.1 ms +7\.5 MB +7\.88 MB +2\.00x +1\.00x' ||
    fail "row of quantised: $(cat out)"
/usr/bin/python3 - <<'END' || fail "ab.json with quantised sums"
import json

ab = json.load(open("results/ab.json"))
assert abs(ab["quantised"]["step_s"] - 0.09009) < 1e-9
assert ab["quantised"]["bytes_per_step"] == 7500000
assert ab["quantised"]["label"] == "quantised, int8"
assert ab["spar"]["bytes_per_step"] == 3000000
assert ab["compared_from_step"] == 10
END
expect 0 "$spar" ab --rounds 1 --steps 60 --algorithms none --quantised \
    --out results -- mpirun ./t
grep -q -E '^quantised, bf16 .* 15 MB ' out || fail "not bf16: $(cat out)"
expect 2 "$spar" ab --quantised int4 --out results -- mpirun ./t
has "int4" err

# A run that takes two steps for one is measured by the others.
expect 0 env STANDIN_DOUBLE=dense "$spar" ab --rounds 1 --steps 60 \
    --algorithms none --out results -- mpirun ./t
grep -q -E '^dense, default +180\.2 ms .*30 MB +31\.5 MB ' out ||
    fail "steps that were taken for one: $(cat out)"
has "took several steps of 6 calls for one" err

# Choices: no trial, no default.
: >log
expect 0 "$spar" ab --rounds 1 --algorithms none --out results -- mpirun ./t
[ "$(cut -d ' ' -f 1-3 log | tr '\n' ';')" = "dense 0 -;auto 0 -;" ] ||
    fail "--algorithms none: $(cat log)"
: >log
expect 0 "$spar" ab --rounds 1 --algorithms 3,6 --skip-default \
    --probe-steps 5 --out results -- mpirun ./t
[ "$(cut -d ' ' -f 1-3 log | tr '\n' ';')" = \
    "dense 3 5;dense 6 5;dense 6 -;auto 0 -;" ] ||
    fail "--skip-default: $(cat log)"

# Too short for Spar to settle: all steps count, and it is said.
expect 0 "$spar" ab --rounds 1 --algorithms 4 --steps 8 --out results \
    -- mpirun ./t
has "Spar had not settled" out
