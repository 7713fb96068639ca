#!/bin/bash
# Runs one job with SPAR_TRACE and looks at what each rank left behind.
# Usage: trace.sh RANKS [job.sh's other arguments] -- program [args]
set -u
here=$(dirname "$0")
ranks=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
SPAR_TRACE=$folder/trace "$here/job.sh" -n "$ranks" "$@" || exit 1
/usr/bin/python3 "$here/trace.py" "$folder/trace" "$ranks" || exit 1

# Where there can be no directory, one line says so and the job goes on.
output=$(SPAR_TRACE=/dev/null/trace "$here/job.sh" -n "$ranks" "$@") || exit 1
lines=$(grep -c "no trace: .*/dev/null/trace.*: Not a directory" <<<"$output")
if [ "$lines" -ne 1 ]; then
    echo "$output"
    echo "trace.sh: $lines lines about the directory, not 1" >&2
    exit 1
fi
