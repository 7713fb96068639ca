#!/bin/sh
# sanitized.sh TOOL PROGRAM: the test under a tool of compute-sanitizer, which
# SANITIZER names. Skipped (77) where that is not there, or no device is.
set -u
tool=$1
program=$2
if [ ! -x "$(command -v "${SANITIZER:-compute-sanitizer}")" ]; then
    echo "skipped: there is no compute-sanitizer here"
    exit 77
fi
# Without a device, the sanitizer would count the program's question for one as
# an error.
SPAR_TEST_DEVICE=ask "$program" || exit
exec "${SANITIZER:-compute-sanitizer}" --tool "$tool" --error-exitcode 1 \
    "$program"
