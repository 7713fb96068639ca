#!/bin/sh
# spar ab: a slow trial is cut off; Ctrl-C ends the launcher, code 130.
. "$2/common.sh"
make_tree
PATH=$standin:$PATH
export STANDIN_HANG=6

# waits_for COMMAND...: until it succeeds, ten seconds at most.
waits_for() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        "$@" && return 0
        sleep 0.5
    done
    return 1
}

launcher_runs() { # a stand-in of this test is at work
    [ -n "$(launcher_ids)" ]
}

launcher_is_gone() {
    ! launcher_runs
}

launcher_ids() {
    for process in /proc/[0-9]*; do
        tr '\0' ' ' <"$process/cmdline" 2>/dev/null |
            grep -q -F "$folder/tree/lib/libspar.so" && echo "${process#/proc/}"
    done
}

for signal in INT:130 TERM:143; do
    # A shell starts background jobs with SIGINT ignored; python does not.
    /usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])' \
        "$spar" ab --algorithms 6 --skip-default --out results \
        -- mpirun t >out 2>err </dev/null &
    job=$!
    waits_for launcher_runs || fail "the launcher did not start"
    kill -s "${signal%:*}" $job
    wait $job
    code=$?
    [ $code -eq "${signal#*:}" ] || fail "$signal: exit code $code"
    waits_for launcher_is_gone || fail "$signal: the launcher is left over"
    [ -e results/ab.json ] && fail "$signal: an ab.json is there"
done

# The trial of algorithm 6 hangs, after a good one: it is cut off.
expect 0 "$spar" ab --algorithms 4,6 --skip-default --rounds 1 --steps 30 \
    --out results -- mpirun t
has "rabenseifner: cut off" err
has "dense, ring" out
launcher_is_gone || fail "the trial is left over"
