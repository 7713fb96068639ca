#!/bin/bash
# Builds the library and some jobs against MPICH into a folder of their own, and
# runs the jobs there. MPICH has the functions of MPI 4.
# Usage: mpich.sh SOURCE BUILD CMAKE_OPTION...
# Exit code 77: there is no MPICH on this machine.
set -eu
source=$1 build=$2
shift 2
for program in mpicc.mpich mpirun.mpich; do
    if ! command -v $program >/dev/null; then
        echo "skipped: no $program; Debian's packages are mpich and libmpich-dev"
        exit 77
    fi
done
log=$build.log
mkdir -p "$(dirname "$log")"
if ! { cmake -S "$source" -B "$build" -DMPI_C_COMPILER=mpicc.mpich \
           -DMPI_Fortran_COMPILER=mpifort.mpich -DSPAR_APPS=OFF -DSPAR_BENCH=OFF "$@" &&
       cmake --build "$build" --parallel 2 --target spar mpi_large_count \
           mpi_large_count_behind mpi_sim mpi_citizen mpi_threads mpi_nonblocking; } \
     >"$log" 2>&1 </dev/null; then
    cat "$log"
    exit 1
fi
ways='waitall|testany|testsome|get-status'
jobs="large_count_.*|persistent_alone_.*|topk|lossless|mode_dense|citizen_dense"
jobs="$jobs|threads|partial_last|nonblocking_($ways)_inline|exports"
export MPIRUN=mpirun.mpich
ctest --test-dir "$build" --output-on-failure --no-tests=error \
    -R "^mpi_($jobs)\$" </dev/null
