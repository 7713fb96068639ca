#!/bin/sh
# srun: checked with a stand-in that prints its arguments.
. "$2/common.sh"
make_tree
PATH=$standin:$PATH

srun_gets() { # srun_gets WANTED WORDS...: WANTED has | for line ends
    wanted=$(printf '%s' "$1" | tr '|' '\n')
    shift
    expect 0 "$spar" run "$@"
    same "$wanted" out
}

srun_gets "--export=ALL,LD_PRELOAD=$library|-n|4|prog" -- srun -n 4 prog
srun_gets "--export=A=1,ALL,LD_PRELOAD=$library|-n4|prog|--export=x" \
    -- srun -n4 --export=A=1,ALL prog --export=x
srun_gets "--export=ALL,LD_PRELOAD=x.so:$library|prog" \
    -- srun --export ALL,LD_PRELOAD=x.so prog
srun_gets "--export=ALL,LD_PRELOAD=$library|--label|prog|-n" \
    -- srun --label prog -n

# A comma in a value: the variable travels by ALL, or by its name.
srun_gets "--export=ALL,LD_PRELOAD=$library|prog" \
    SPAR_DENSITY=0.25,0.05 -- srun prog
srun_gets "--export=SPAR_DENSITY,LD_PRELOAD=$library|prog" \
    SPAR_DENSITY=0.25,0.05 -- srun --export=NONE prog
SLURM_EXPORT_ENV=B
export SLURM_EXPORT_ENV
srun_gets "--export=B,LD_PRELOAD=$library|prog" -- srun prog
