#!/bin/sh
# spar report --trace: the files of two ranks, written by hand, as one file, as
# a table and as a picture. All steps but one are 1 ms long, and the last one is
# not complete.
. "$2/common.sh"
make_tree

# write_rank RANK: its clock is exact, its calls end 0.1 ms later than those of
# the rank before.
write_rank() {
    awk -v rank="$1" '
    function put(phase, at, name, rest) {
        printf ",\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":0,\"ts\":%.3f," \
            "\"name\":\"%s\"%s}", phase, rank, at, name, rest
    }
    function args(step, rest) {
        return sprintf(",\"args\":{\"comm\":0,\"step\":%d,\"plan\":1%s}", step,
            rest)
    }
    function call(step, slot, at, density,    id, layer, end) {
        id = sprintf(",\"cat\":\"call\",\"id\":\"%d.%d\"", rank, 2 * step + slot)
        layer = sprintf(",\"slot\":%d,\"count\":5000", slot)
        end = at + 400 + 100 * rank
        put("b", at, "slot", id args(step, layer sprintf(",\"method\":\"%s\"," \
            "\"density\":%g,\"bytes\":2000", density < 1 ? "split" : "mpi",
            density)))
        put("b", at + 50, "exchange", id)
        put("e", end, "exchange", id)
        put("e", end, "slot", id)
        put("X", at + 60, "select", ",\"cat\":\"selection\",\"dur\":40" \
            args(step, layer))
        put("X", end - 150, "wait", ",\"cat\":\"wait\",\"dur\":150" \
            args(step, layer))
    }
    BEGIN {
        printf "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"rank\":%d," \
            "\"dropped\":%d,\"clock_error_us\":1.5,\"host\":\"h%d\"}," \
            "\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":%d}", rank, 7 * rank,
            rank, rank
        begin = 500
        for (step = 0; step < 6; step++) {
            put("i", begin, "step", ",\"cat\":\"step\"" args(step, ""))
            call(step, 0, begin, 0.0625)
            call(step, 1, begin + 300, 1)
            begin += step == 1 ? 5000 : 1000
        }
        print "\n]}"
    }'
}
mkdir trace
write_rank 0 >trace/spar.rank0.json
write_rank 1 >trace/spar.rank1.json
expect 0 "$spar" report --trace trace
has "Step 3 of plan 1 on communicator 0" out
grep -q -E '^rank 0 +h0 +1\.00 +0\.30 +0\.08 +4 kB +1\.5 us$' out ||
    fail "rank 0: $(cat out)"
grep -q -E '^rank 1 +h1 +1\.00 +0\.30 ' out || fail "rank 1: $(cat out)"
grep -q -E '^ +0 +5,000 +split +6\.25 % +2 kB +0\.00 +0\.05 +0\.40 +0\.04 +0\.15$' \
    out || fail "layer 0: $(cat out)"
grep -q -E '^ +1 +5,000 +mpi +100 % +2 kB +0\.30 +0\.35 +0\.70 ' out ||
    fail "layer 1: $(cat out)"
has "rank 1: 7 events were dropped" out
/usr/bin/python3 - trace <<'END' || fail "the merged file"
import json, sys
files = [json.load(open("%s/spar.%s.json" % (sys.argv[1], name)))["traceEvents"]
         for name in ("rank0", "rank1", "trace")]
assert files[0] + files[1] == files[2] and len(files[0]) == 79
END
if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
    head -c 4 trace/step.png | grep -q PNG || fail "no picture"
    expect 0 "$spar" report -o other.png --trace trace
    head -c 4 other.png | grep -q PNG || fail "no picture under -o"
fi

# What is no trace.
bad() { # bad TEXT
    expect 1 "$spar" report --trace trace
    has "$1" err
    one_line err
}

head -c 3000 trace/spar.rank1.json >cut.json
mv cut.json trace/spar.rank1.json
bad "trace/spar.rank1.json is not a trace of Spar"
head -n 20 trace/spar.rank0.json >trace/spar.rank1.json
bad "trace/spar.rank1.json is cut off"
echo '{"traceEvents":[' >trace/spar.rank0.json
bad "trace/spar.rank0.json is not a trace of Spar"
write_rank 0 | grep -v '"step"' >trace/spar.rank0.json
bad "the trace has no steps"
rm -r trace
bad "trace: No such file"
mkdir trace
bad "trace holds no spar.rankN.json"
expect 2 "$spar" report --trace trace run.json
