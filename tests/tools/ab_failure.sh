#!/bin/sh
# spar ab of a command that fails: its output and exit code, no half result.
. "$2/common.sh"
make_tree
real_path=$PATH
PATH=$standin:$PATH
mkdir -p results
: >results/ab.json

# The dense runs are well, then Spar's fails: no table, no ab.json.
expect 7 env STANDIN_FAIL=auto "$spar" ab --rounds 1 --algorithms 4 \
    --steps 20 --out results -- mpirun ./t
same "trainer: data set not found" out
has "trainer: giving up" err
has "failed with exit code 7" err
[ -e results/ab.json ] && fail "an ab.json is there"

expect 7 env STANDIN_FAIL=dense "$spar" ab --out results -- mpirun ./t
[ -e results/ab.json ] && fail "an ab.json is there"
expect 127 "$spar" ab --out results -- /none/mpirun ./t
has "cannot start /none/mpirun" err

# A program that Spar never sees leaves no report.
expect 1 "$spar" ab --out results -- echo hello
has "left no report" err

# The line overrides the mode: the runs would not be dense.
mkdir bin
printf '#!/bin/sh\nexec env SPAR_MODE=auto %s/mpirun "$@"\n' "$standin" \
    >bin/mpirun
chmod +x bin/mpirun
expect 2 env PATH="$folder/bin:$real_path" "$spar" ab --out results -- mpirun t
has "reports mode 'auto'" err

# Mistakes in the command line.
for words in "" "mpirun ./t" "--rounds 0 -- mpirun t" "--algorithms 9 -- t" \
    "--nonsense -- mpirun t" "--steps -- mpirun t"; do
    # shellcheck disable=SC2086
    expect 2 "$spar" ab $words
    has "spar ab: error:" err
done
expect 2 "$spar" ab --out /dev/null/x -- mpirun t
one_line err
