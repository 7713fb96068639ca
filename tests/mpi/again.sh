#!/bin/bash
# A job of two ranks with one layer: if that was dense because this was predicted
# to be faster, as it should be on one host, it was looked at again.
# Usage: again.sh OUTCOME program [args]
#   OUTCOME   how many layers went sparse then: 1, or [01] for either
# TRACE=1: the program is replay, and gets a trace of one layer.
set -u
here=$(dirname "$0")
outcome=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -n "${TRACE:-}" ]; then
    printf 'name,elements,forward_ms,backward_ms\nlayer,30000,0.5,0.5\n' \
        >"$folder/layers.csv"
    set -- "$@" --trace "$folder/layers.csv"
fi
output=$("$here/job.sh" -n 2 -- "$@")
code=$?
echo "$output"
if grep -qE "dense is predicted faster|second look" <<<"$output"; then
    grep -q "step 521: $outcome of 1 dense layers go sparse" <<<"$output" ||
        code=1
fi
exit $code
