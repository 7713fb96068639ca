# How test jobs run Open MPI; sourced by job.sh and killed.sh.
# LIBSPAR names the library; LIBSPAR_FIRST and LIBSPAR_BEHIND go around it.
# shellcheck shell=bash
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader,tcp OMPI_MCA_pml=ob1
# Containers may forbid process_vm_readv.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# shellcheck disable=SC2034
preload=${LIBSPAR_FIRST:+$LIBSPAR_FIRST:}${LIBSPAR:-}${LIBSPAR_BEHIND:+:$LIBSPAR_BEHIND}
