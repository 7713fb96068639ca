#!/bin/sh
# spar sim: the table, CSV and picture of the model's predictions.
. "$2/common.sh"
make_tree
expect 0 "$spar" sim
[ -s err ] && fail "writes to stderr"
has "Seconds of one exchange of 25,557,032 elements, density 1 %:" out
has "Break-even density" out
# One row per power of two, in both tables.
[ "$(grep -c -E '^ *65,536 ' out)" -eq 2 ] || fail "no row of 65,536 ranks"
[ "$(grep -c -E '^ *[0-9,]+ +[0-9,]+ ' out)" -eq 32 ] || fail "number of rows"
awk 'length > 100' out | grep . && fail "long lines"

# The numbers are the model's: with nothing but bytes to pay for, 4 ranks send
# 1.5 layers densely, and the ring takes two latencies per step.
free="--set node_latency_s=1e-30 --set network_message_s=1e-30
    --set reduce_s=1e-30"
# shellcheck disable=SC2086
expect 0 "$spar" sim $free --set network_latency_s=1e-30 --rate 1MB/s \
    --elements 1M --ranks 4 --csv bytes.csv
has ",6,6," bytes.csv
# shellcheck disable=SC2086
expect 0 "$spar" sim $free --set network_byte_s=1e-30 --latency 10ms \
    --set network_latency_s=0.01 --ranks 4 --csv latency.csv
has ",0.02,0.06," latency.csv
[ "$(wc -l <latency.csv)" -eq 2 ] || fail "CSV has not two lines"
head -n 1 latency.csv | grep -q '^ranks,nodes,elements,density,mpi_s,ring_s' ||
    fail "heading of the CSV"

# Leaders of nodes are there where nodes have several ranks.
expect 0 "$spar" sim --ranks 16 --ranks-per-node 4 --csv nodes.csv
tail -n 1 nodes.csv | grep -q '^16,4,' || fail "number of nodes"
tail -n 1 nodes.csv | grep -q ',,' && fail "a method is missing"
expect 0 "$spar" sim --ranks 16 --csv alone.csv
tail -n 1 alone.csv | grep -q ',,' || fail "node without several ranks"

# A report's numbers, and its ranks per node.
SPAR_REPORT=run.json "$standin/mpirun" >/dev/null
expect 1 "$spar" sim --report run.json
has "run.json holds no fitted model" err
one_line err
/usr/bin/python3 - <<'EOF'
import json
report = json.load(open("run.json"))
report["model"] = {"network_byte_s": 1e-3, "factor_ring": 2.0}
report["job"].update(ranks=8, nodes=2)
json.dump(report, open("fitted.json", "w"))
report["model"] = {"speed": 1}
json.dump(report, open("other.json", "w"))
EOF
expect 0 "$spar" sim --report fitted.json --ranks 2,8 --elements 1M \
    --csv fitted.csv
tail -n 1 fitted.csv | grep -q -E '^8,2,1000000,0.01,.*,14000\.?[0-9]*,' ||
    fail "not the report's numbers: $(tail -n 1 fitted.csv)"
expect 2 "$spar" sim --report other.json
has "the model has no 'speed'" err
expect 1 "$spar" sim --report none.json
has "none.json: No such file" err

if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
    expect 0 "$spar" sim --png sim.png
    head -c 4 sim.png | grep -q PNG || fail "no picture"
    expect 1 "$spar" sim --png /none/x.png
    has "/none/x.png: No such file" err
fi
expect 1 "$spar" sim --csv /none/x.csv
has "/none/x.csv: No such file" err

# Mistakes: one line that tells what is allowed.
bad() { # bad TEXT OPTION VALUE
    wanted=$1
    shift
    expect 2 "$spar" sim "$@"
    has "$wanted" err
    one_line err
}
bad "'10' is not a rate such as 10gbit or 125MB/s" --rate 10
bad "'-1us' is not a time" --latency=-1us
bad "'nan' is not a time" --latency nan
bad "'0' is not a number" --elements 0
bad "'1.5' is not a whole number" --elements 1.5
bad "'2' is not a share" --density 2
bad "'fp8' is not fp64, fp32, bf16, fp16 or int8" --values fp8
bad "'65537' is not a number" --ranks 2,65537
bad "more than 64 numbers" --ranks "$(seq -s , 65)"
bad "'scan_s' is not NAME=VALUE" --set scan_s
bad "no 'scan_s' of '0'" --set scan_s=0
expect 2 "$spar" sim --ranks
expect 2 "$spar" sim 16
