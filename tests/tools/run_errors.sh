#!/bin/sh
# Mistakes: one clear line and the right exit code.
. "$2/common.sh"
make_tree

mistake() { # mistake CODE TEXT WORDS...
    code=$1
    text=$2
    shift 2
    expect "$code" "$spar" run "$@"
    has "$text" err
    one_line err
}

mistake 2 "no program given"
mistake 2 "no program given" SPAR_MODE=off --
mistake 2 "unknown option --nonsense" --nonsense -- true
mistake 2 "application file" -- mpirun --app file
: >plain
mistake 126 "cannot start ./plain: Permission denied" -- ./plain
mistake 127 "cannot start no-such-program: No such file" -- no-such-program
mistake 127 "cannot start /none/mpirun" -- /none/mpirun -n 1 true
rm "$library"
mistake 2 "libspar.so is missing" -- true
rm -r tree/libexec
expect 2 "$spar" ab
has "ab.py is missing" err
