#!/bin/bash
# Residuals on a device are saved, and restored to one: the second of two runs
# delivers the same bits as the second of two runs on the host.
# Usage: device_state.sh PROGRAM; LIBSPAR as for job.sh
set -u
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# second_bits PLACE
second_bits() {
    export DEVICE_PLACE=$1 SPAR_STATE=$folder/$1
    mkdir "$SPAR_STATE"
    "$here/job.sh" -n 2 -m "residuals: saved" -- "$program" >&2 || exit 1
    "$here/job.sh" -n 2 -m "residuals: restored" -- "$program" |
        tee /dev/stderr | grep -o "^bits: .*"
}

program=$1
host=$(second_bits host) && device=$(second_bits device) || exit 1
echo "host $host, device $device"
[ -n "$host" ] && [ "$host" = "$device" ]
