# One of two hosts has no libspar.so: the job ends in MPI_Init and names the
# rank.
. "$(dirname "$0")/common.sh"
trainer=$3
with="LD_PRELOAD=$4 SPAR_INIT_TIMEOUT=2s"
need_namespaces

run() { # run NAME WORDS -- mpirun's arguments: must end with these words
    case=$1 words=$2
    shift 3
    code=0
    out=$(timeout 60 $lab run -- mpirun "$@" </dev/null 2>&1) || code=$?
    echo "$out"
    [ $code != 0 ] && [ $code != 124 ] || fail "$case: exit code $code"
    case $out in
    *"$words"*) ;;
    *) fail "$case: not in the output: $words" ;;
    esac
}

run "second host" "1 of 2 ranks run without libspar.so: rank 1" -- \
    -n 1 env $with "$trainer" : -n 1 "$trainer"
run "first host" "rank 0 runs without libspar.so" -- \
    -n 1 "$trainer" : -n 1 env $with "$trainer"
