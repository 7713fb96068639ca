#!/bin/sh
# spar info: what it prints of the machine and of the settings.
. "$2/common.sh"
make_tree
expect 0 "$spar" info
for word in version library mpirun processor cores memory network; do
    grep -q "^  $word " out || fail "spar info lacks $word"
done
has "$library" out

# Another machine, as hwloc describes it.
expect 0 env HWLOC_SYNTHETIC='pack:2 l3:1 l2:4 core:1 pu:2' "$spar" info
has "packages 2, cores 8, hardware threads 16" out
expect 0 env PATH=/none "$spar" info
has "not found in PATH" out

# Settings: values of the environment, with defaults where they differ.
expect 0 "$spar" info -c
grep -q -E '^SPAR_MODE +auto$' out || fail "default of SPAR_MODE"
expect 0 env SPAR_MODE=dense "$spar" info --config
grep -q -E '^SPAR_MODE +dense  \(default: auto\)$' out || fail "SPAR_MODE=dense"
expect 0 env SPAR_MDOE=dense "$spar" info -c
has "SPAR_MDOE" err
expect 0 "$spar" info -cf
has "Allowed: auto, dense" out
expect 2 env SPAR_MODE=fast "$spar" info -c
has "SPAR_MODE" err
one_line err
expect 2 "$spar" info --nonsense
one_line err

# The example holds every setting, commented out.
"$spar" info -c | cut -d ' ' -f 1 >names
expect 0 "$spar" info --env-example
while read -r name; do
    grep -q "^#$name=" out || fail "env.example lacks $name"
done <names
[ "$(wc -l <names)" -gt 5 ] || fail "few settings"
expect 0 "$spar" info --man-config
has ".BR SPAR_MODE" out
