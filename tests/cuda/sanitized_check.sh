#!/bin/sh
# sanitized_check.sh SCRIPT PROGRAM: what sanitized.sh makes of a missing
# sanitizer, of a missing device, and of both that are there. PROGRAM is a test
# on emulated devices.
set -eu
script=$1
program=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\necho "sanitizer $*"\nexit 5\n' >"$folder/sanitizer"
chmod +x "$folder/sanitizer"

check() { # check SANITIZER DEVICES CODE TEXT
    code=0
    SANITIZER=$1 SPAR_EMULATED_DEVICES=$2 sh "$script" racecheck "$program" \
        >"$folder/output" 2>&1 || code=$?
    if [ "$code" -ne "$3" ] || [ "$(cat "$folder/output")" != "$4" ]; then
        cat "$folder/output"
        echo "exit code $code; expected $3 and: $4"
        exit 1
    fi
}

check "$folder/none" 1 77 "skipped: there is no compute-sanitizer here"
check "$folder/sanitizer" 0 77 "skipped: there is no CUDA device here"
check "$folder/sanitizer" 1 5 \
    "sanitizer --tool racecheck --error-exitcode 1 $program"
