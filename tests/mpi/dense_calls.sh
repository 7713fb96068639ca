#!/bin/bash
# Runs one job and checks in its report how many of its calls went dense.
# Usage: dense_calls.sh CALLS prog [args]
set -eu
job=$(dirname "$0")/job.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
calls=$1
shift
SPAR_REPORT=$folder/run.json "$job" -n 2 -m "sums are right" -- "$@"
/usr/bin/python3 - "$folder/run.json" "$calls" <<'END'
import json
import sys

found = json.load(open(sys.argv[1]))["calls"]["dense"]
if found != int(sys.argv[2]):
    sys.exit(f"{found} calls went dense, expected {sys.argv[2]}")
END
