#!/bin/bash
# Runs one MPI job in mode off (or with the settings in PLAIN) and with those of
# the environment: both must print the same line "bits: ...".
# Usage: same_bits.sh job.sh's arguments, which hold for the second job
set -u
here=$(dirname "$0")
ranks=2
[ "$1" = -n ] && ranks=$2
program=("$@")
while [ "${program[0]}" != -- ]; do
    program=("${program[@]:1}")
done
plain=$(env "${PLAIN:-SPAR_MODE=off}" "$here/job.sh" -n "$ranks" "${program[@]}") || exit 1
bits=$(grep -o "^bits: .*" <<<"$plain") || exit 1
exec "$here/job.sh" -m "$bits" "$@"
