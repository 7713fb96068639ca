#!/bin/sh
# tidy.sh ROOT BUILD: clang-tidy has nothing to say about what BUILD compiled
# of the project's own rooms.
set -eu
root=$(cd "$1" && pwd -P)
build=$2
command -v clang-tidy >/dev/null || exit 77
rooms='base|sparsify|exchange|policy|pmpi|report|tools|apps'
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
cd "$root"
sed -n 's|^ *"file": "\(.*\)",\{0,1\}$|\1|p' "$build/compile_commands.json" |
    grep -E "^$root/($rooms)/.*\.c$" | sort -u >"$output/files"
[ -s "$output/files" ] || { echo "no file of the project was compiled"; exit 1; }

# One file of output per source; it stays when clang-tidy fails.
# shellcheck disable=SC2016
xargs -P 2 -n 1 sh -c '
    log=$0/$(echo "$2" | tr / _).log
    clang-tidy -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option "$2" \
        >"$log" 2>&1 && rm "$log" || echo "clang-tidy fails: $2" >>"$log"
    ' "$output" "$build" <"$output/files"
for log in "$output"/*.log; do
    [ -e "$log" ] || exit 0
    # The path to a finding is long; ask clang-tidy itself for it.
    grep -E '(warning|error): |^clang-tidy fails' "$log" | cut -c 1-300
done
exit 1
