#!/bin/sh
# Help and version: on stdout, code 0, and nothing that does not exist.
. "$2/common.sh"
make_tree
expect 0 "$spar" --version
grep -q -E '^spar [0-9]+\.[0-9]+\.[0-9]+$' out || fail "version: $(cat out)"
expect 0 "$spar" --help
for name in run ab advise report sim info; do
    grep -q -E "^  $name +[a-z]" out || fail "help does not list $name"
    cp out overview
    expect 0 "$spar" $name --help
    has "usage: spar $name" out
    [ -s err ] && fail "spar $name --help writes to stderr"
    awk 'length > 80' out | grep . && fail "spar $name --help: long lines"
    cp overview out
done
[ "$(grep -c -E '^  [a-z]+ ' overview)" -eq 6 ] || fail "more commands listed"
expect 2 "$spar"
expect 2 "$spar" nonsense
has "unknown command nonsense" err
one_line err
