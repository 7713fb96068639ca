#!/bin/bash
# Densities by a rule in a job of replay: what its traces and its report say of
# them (densities.py).
# Usage: densities.sh RANKS AIM POST replay [its other arguments]
#   AIM   hide, spend or paper: what the densities must be solved for; any: not
#         looked at
# SPAR_ variables are forwarded.
set -u
here=$(dirname "$0")
ranks=$1 aim=$2 post=$3 replay=$4
shift 4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
{
    echo name,elements,forward_ms,backward_ms
    for layer in 1 2 3 4 5 6 7 8; do
        echo "layer$layer,$((60000 + 40000 * layer)),0.5,6"
    done
} >"$folder/layers.csv"
SPAR_TRACE=$folder/trace SPAR_REPORT=$folder/report.json \
    "$here/job.sh" -n "$ranks" -- "$replay" --trace "$folder/layers.csv" \
    --post "$post" --warmup 0 --steps 80 --scale 0.5 "$@" || exit 1
/usr/bin/python3 "$here/densities.py" "$folder" "$ranks" "$aim" "$post"
