#!/bin/sh
# spar report: the table and the picture of a report.
. "$2/common.sh"
make_tree
SPAR_REPORT=run.json "$standin/mpirun" >/dev/null
expect 0 "$spar" report run.json
has "4 rank(s) on 4 host(s), mode auto" out
has "3 MB sent per rank and step, dense would send 30 MB" out
grep -q -E '^ +0 +5,000,000 +float32 +sparse +5 % +30 MB +3 MB' out ||
    fail "row of layer 0: $(cat out)"
grep -q -E '^ +5 .*dense .*too small$' out || fail "row of layer 5"
if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
    head -c 4 run.png | grep -q PNG || fail "no picture"
    expect 0 "$spar" report run.json -o other.png
    head -c 4 other.png | grep -q PNG || fail "no picture under -o"
    expect 1 "$spar" report run.json -o /none/x.png
    has "/none/x.png: No such file" err
fi

# Files that are no report.
bad() { # bad TEXT: of the file bad.json
    expect 1 "$spar" report bad.json
    has "$1" err
    one_line err
}

bad "bad.json: No such file"
echo '{"schema_version": 2' >bad.json
bad "not a JSON file"
echo '[1]' >bad.json
bad "not a report of Spar"
echo '{"schema_version": 99}' >bad.json
bad "schema 99"
echo '{"schema_version": 2, "job": {}}' >bad.json
bad "lacks the part 'steps'"
expect 2 "$spar" report
