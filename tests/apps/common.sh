# Sourced by the tests of the trainers: $1 is the trainer.
set -eu
trainer=$1
images=/usr/share/datasets/fashion-mnist
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1

case $trainer in
*.py) /usr/bin/python3 -c 'import torch, numpy, mpi4py' 2>/dev/null || exit 77 ;;
esac
[ -r $images/train-images-idx3-ubyte.gz ] || exit 77

fail() {
    echo "failed: $*" >&2
    exit 1
}

launch() { # launch RANKS arguments...
    ranks=$1
    shift
    timeout 120 mpirun --oversubscribe --bind-to none -n "$ranks" "$trainer" \
        "$@" </dev/null
}
