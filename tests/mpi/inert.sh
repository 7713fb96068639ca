#!/bin/bash
# A process that never calls MPI_Init: no output, no effect, whatever is set.
set -eu
output=$(SPAR_MODE=nonsense SPAR_UNKNOWN=1 LD_PRELOAD=$1 sh -c 'echo hello' 2>&1)
if [ "$output" != hello ]; then
    echo "unexpected output: $output" >&2
    exit 1
fi
