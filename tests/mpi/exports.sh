#!/bin/bash
# The library shows the application MPI functions only, each under both names.
set -eu
names=$(nm -D --defined-only "$1" | awk '$2 == "T" || $2 == "D" || $2 == "B" {print $3}')
foreign=$(grep -vE '^P?MPIX?_' <<<"$names" || true)
if [ -n "$foreign" ]; then
    echo "exported besides MPI: $foreign" >&2
    exit 1
fi
for name in $(grep -E '^MPIX?_' <<<"$names"); do
    address() { nm -D --defined-only "$LIB" | awk -v n="$1" '$3 == n {print $1}'; }
    LIB=$1
    if [ "$(address "$name")" != "$(address "P$name")" ]; then
        echo "$name and P$name are not the same function" >&2
        exit 1
    fi
done
grep -q '^MPI_Allreduce$' <<<"$names"
