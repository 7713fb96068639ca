#!/bin/sh
# run.sh ROOT TARGET SECONDS SOURCE...: builds tests/fuzz/TARGET.c and the sources
# that it tests (patterns below ROOT) with clang's fuzzer, address and
# undefined-behaviour sanitizers, and runs it from the committed corpus. What is found lies in the folder that is printed.
set -eu
root=$1
target=$2
seconds=$3
shift 3
clang=$(command -v clang-14 || command -v clang || true)
folder=$(mktemp -d)
keep=
trap '[ -n "$keep" ] || rm -rf "$folder"' EXIT

skip() {
    echo "skipped: $1"
    exit 77
}
[ -n "$clang" ] || skip "no clang"
sanitizers=fuzzer,address,undefined
printf 'int LLVMFuzzerTestOneInput(const char *d, long n);\n%s\n' \
    'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' \
    >"$folder/probe.c"
"$clang" -fsanitize=$sanitizers "$folder/probe.c" -o "$folder/probe" \
    2>/dev/null || skip "this clang has no libFuzzer"

flags="-std=gnu11 -D_GNU_SOURCE -g -O1 -ffp-contract=off -I$root -pthread
    -fsanitize=$sanitizers -fno-sanitize-recover=undefined"
case $(uname -m) in
    x86_64) flags="$flags -DSPAR_KERNELS_X86" ;;
esac
sources=
for pattern in "$@"; do
    for source in "$root"/$pattern; do
        sources="$sources $source"
    done
done
# Words: no directory of the tree has a blank in its name.
for source in $sources "$root/base/status.c" "$root/base/quantile.c" \
    "$root/tests/fuzz/$target.c"; do
    set=
    case $source in
        *_avx2.c) set='-mavx2 -mbmi -mpopcnt' ;;
        *_avx512.c) set='-mavx512f -mavx512vl -mbmi -mpopcnt' ;;
    esac
    case $source,$flags in
        *_avx*.c,*SPAR_KERNELS_X86*) ;;
        *_avx*.c,*) continue ;;
    esac
    object=$folder/$(echo "${source#"$root/"}" | tr / _).o
    # shellcheck disable=SC2086
    "$clang" $flags $set -c "$source" -o "$object"
done
# shellcheck disable=SC2086
"$clang" $flags "$folder"/*.o -o "$folder/fuzz" -lm
mkdir "$folder/corpus"
cd "$folder"
if ! ./fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 corpus "$root/tests/fuzz/corpus/$target" >log 2>&1; then
    keep=yes
    tail -60 log
    echo "found something; see $folder"
    exit 1
fi
grep -E 'number_of_executed_units|cov: ' log | tail -2
