#!/bin/sh
# format.sh ROOT: all tracked C files look as clang-format makes them.
set -eu
cd "$1"
command -v clang-format >/dev/null || exit 77
git ls-files -z -- '*.c' '*.h' '*.cu' '*.cuh' |
    xargs -0 -r -n 20 clang-format --dry-run -Werror
