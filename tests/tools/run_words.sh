#!/bin/sh
# The command line that spar run makes, printed by --dry-run.
. "$2/common.sh"
make_tree
pre="mpirun -x LD_PRELOAD=$library"

dry() { # dry WANTED WORDS...
    wanted=$1
    shift
    expect 0 "$spar" run --dry-run "$@"
    same "$wanted" out
}

dry "$pre -n 2 prog" -- mpirun -n 2 prog
dry "$pre -n 2 prog" mpirun -n 2 prog
dry "/a/b/mpiexec -x LD_PRELOAD=$library prog" -- /a/b/mpiexec prog
dry "LD_PRELOAD=$library prog -x mpirun" -- prog -x mpirun
dry "$pre prog 'a b'\\''c' ''" -- mpirun prog "a b'c" ''

# Variables are forwarded, by name, but not where the line has them itself.
dry "$pre -x SPAR_MODE prog" SPAR_MODE=dense -- mpirun prog
dry "$pre -x SPAR_MODE=off prog" SPAR_MODE=auto -- mpirun -x SPAR_MODE=off prog

# Preloaded libraries stay, in front of Spar, which appears once.
dry "mpirun -x LD_PRELOAD=x.so:$library -x A prog -x LD_PRELOAD=y.so" \
    -- mpirun -x LD_PRELOAD=x.so -x A prog -x LD_PRELOAD=y.so
dry "mpirun -x LD_PRELOAD=x.so:$library prog" \
    -- mpirun -x LD_PRELOAD=/old/libspar.so:x.so prog
expect 0 env LD_PRELOAD=libm.so.6 "$spar" run --dry-run -- mpirun prog
same "mpirun -x LD_PRELOAD=libm.so.6:$library prog" out
expect 0 env LD_PRELOAD=libm.so.6 "$spar" run --dry-run -- prog
same "LD_PRELOAD=libm.so.6:$library prog" out

# Options with two values, with one and with none are told apart.
dry "$pre --mca btl tcp,self --oversubscribe -np 2 prog -x B" \
    -- mpirun --mca btl tcp,self --oversubscribe -np 2 prog -x B

# Every application context is extended.
dry "$pre -n 1 a : -x LD_PRELOAD=x.so:$library -n 1 b" \
    -- mpirun -n 1 a : -x LD_PRELOAD=x.so -n 1 b

# Open MPI refuses -x beside mca_base_env_list, so the list becomes -x.
expect 0 env OMPI_MCA_mca_base_env_list='A=1;B' "$spar" run --dry-run -- mpirun prog
same "$pre -x A=1 -x B prog" out
dry "mpirun -x LD_PRELOAD=x.so:$library -x A=1 prog" \
    -- mpirun --mca mca_base_env_list 'A=1;LD_PRELOAD=x.so' prog
