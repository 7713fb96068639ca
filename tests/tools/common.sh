# Sourced by the tests of the spar command: COMMAND SOURCE are their arguments.
# shellcheck shell=sh disable=SC2034
set -u
command=$1
standin=$2/standin
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe=1
for name in $(env | sed -n 's/^\(SPAR_[A-Z_]*\)=.*/\1/p') LD_PRELOAD \
    OMPI_MCA_mca_base_env_list SLURM_EXPORT_ENV; do
    unset "$name"
done

# make_tree: a moved installation in $folder/tree whose library is an empty
# file, for command lines that are looked at and not run. Sets spar, library.
make_tree() {
    build=$(dirname "$(dirname "$command")")
    mkdir -p tree/bin tree/lib
    cp "$command" tree/bin/spar
    cp -r "$build/libexec" tree/
    : >tree/lib/libspar.so
    spar=$folder/tree/bin/spar
    library=$folder/tree/lib/libspar.so
}

fail() {
    echo "FAILED: $*"
    exit 1
}

# expect CODE COMMAND...: runs it, output in out and err; checks the exit code.
expect() {
    wanted_code=$1
    shift
    "$@" >out 2>err </dev/null
    code=$?
    [ $code -eq "$wanted_code" ] && return
    cat out err
    fail "exit code $code, not $wanted_code: $*"
}

# same TEXT FILE: the file holds exactly this text.
same() {
    printf '%s\n' "$1" >wanted_text
    diff -u wanted_text "$2" || fail "$2 is not as it should be"
}

# has TEXT FILE: the file holds this text.
has() {
    grep -q -F -e "$1" "$2" && return
    cat "$2"
    fail "$2 lacks: $1"
}

# one_line FILE: the file has exactly one line.
one_line() {
    [ "$(wc -l <"$1")" -eq 1 ] && return
    cat "$1"
    fail "$1 has not one line"
}
