#!/bin/bash
# Runs one job with SPAR_MERGE=on and =off: the results must have the same bits.
# Usage: merged.sh [job.sh's arguments] -- program [args]
set -u
job=$(dirname "$0")/job.sh
for merge in on off; do
    output=$(SPAR_MERGE=$merge "$job" "$@")
    code=$?
    echo "$output"
    [ $code -eq 0 ] || exit $code
    if [ $merge = on ]; then
        hash=$(grep '^hash ' <<<"$output") || exit 1
        grep -q 'travelled together' <<<"$output" || exit 1
    else
        ! grep -q 'travelled together' <<<"$output" || exit 1
        [ "$hash" = "$(grep '^hash ' <<<"$output")" ] || exit 1
    fi
done
