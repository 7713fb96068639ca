# Sourced by the tests of the trainers: $1 is the trainer.
set -eu
trainer=$1
images=/usr/share/datasets/fashion-mnist
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1

skip() {
    echo "skipped: $*"
    exit 77
}

case $trainer in
*.py) /usr/bin/python3 -c 'import torch, numpy, mpi4py' 2>/dev/null ||
    skip "python3-torch and python3-mpi4py are not here" ;;
esac
case $trainer in
*/bible_lm.py) [ -r /usr/lib/bible.data ] ||
    skip "the package bible-kjv-text is not here" ;;
*) [ -r $images/train-images-idx3-ubyte.gz ] ||
    skip "the package dataset-fashion-mnist is not here" ;;
esac

fail() {
    echo "failed: $*" >&2
    exit 1
}

value() { # value NAME: of the lines in $out
    echo "$out" | awk -v name="$1" '$1 == name { print $2 }'
}

launch() { # launch RANKS arguments...
    ranks=$1
    shift
    timeout 120 mpirun --oversubscribe --bind-to none -n "$ranks" "$trainer" \
        "$@" </dev/null
}

refuse() { # refuse WORDS arguments...
    expected=$1
    shift
    code=0
    words=$(launch 2 --steps 1 "$@" 2>&1) || code=$?
    [ $code -ne 0 ] || fail "accepted: $*"
    [ "$(echo "$words" | grep -c -e "$expected")" = 1 ] ||
        fail "not once '$expected': $words"
    ! echo "$words" | grep -q Traceback || fail "$words"
}
