#!/bin/sh
# cppcheck.sh ROOT: cppcheck has nothing to say about the tracked C files.
# Buffers of bytes that hold floats are what a transport is made of, so casts
# between the two are no finding. htole64 and its like expand to their argument
# on this machine.
set -eu
cd "$1"
command -v cppcheck >/dev/null || exit 77
list=$(mktemp)
trap 'rm -f "$list"' EXIT
git ls-files -- '*.c' | grep -v '^tests/' >"$list"
cppcheck --quiet --std=c11 --language=c -j 2 -I . --inline-suppr \
    --enable=warning,performance,portability --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=missingInclude \
    --suppress=invalidPointerCast \
    --suppress=selfAssignment:sparsify/wire_bytes.h \
    -D_GNU_SOURCE --file-list="$list"
