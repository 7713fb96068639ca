#!/bin/bash
# A job of periodic.c whose period follows the variance of the replicas: what its
# report says of them, beside what the program knows (periodic.py).
# Usage: periodic.sh RANKS program [arguments]
# SPAR_ variables are forwarded.
set -u
here=$(dirname "$0")
ranks=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
SPAR_REPORT=$folder/report.json "$here/job.sh" -n "$ranks" -m "sums are right" \
    -- "$@" >"$folder/output" || { cat "$folder/output"; exit 1; }
cat "$folder/output"
/usr/bin/python3 "$here/periodic.py" "$folder"
