#!/bin/bash
# killed.sh with SPAR_TRACE: rank 0's trace is there, and whole.
# Usage: trace_killed.sh [killed.sh's arguments]
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
SPAR_TRACE=$folder "$(dirname "$0")/killed.sh" "$@" || exit 1
/usr/bin/python3 -c 'import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
sys.exit(not any(event.get("cat") == "step" for event in events))' \
    "$folder/spar.rank0.json" || {
    echo "trace_killed.sh: rank 0 left no trace of its steps" >&2
    exit 1
}
