#include "pmpi/gate.h"

#include "pmpi/real.h"

#define MAX_HANDLES 8

static struct {
    MPI_Datatype handle;
    spar_dtype_t dtype;
} handles[MAX_HANDLES];
static int handle_count;

/* A Fortran compiler option can make MPI_REAL 8 bytes wide, and a type that
 * the MPI lacks is MPI_DATATYPE_NULL: the size decides. */
static void add(MPI_Datatype handle)
{
    int size = 0;

    if (handle == MPI_DATATYPE_NULL ||
        spar_real.Type_size(handle, &size) != MPI_SUCCESS ||
        (size != 4 && size != 8)) {
        return;
    }
    handles[handle_count].handle = handle;
    handles[handle_count].dtype = size == 8 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
    handle_count++;
}

void spar_gate_init(void)
{
    handle_count = 0;
    add(MPI_FLOAT);
    add(MPI_DOUBLE);
    add(MPI_REAL);
    add(MPI_DOUBLE_PRECISION);
    add(MPI_REAL4);
    add(MPI_REAL8);
}

bool spar_gate_dtype(MPI_Datatype datatype, spar_dtype_t *dtype_p)
{
    for (int i = 0; i < handle_count; i++) {
        if (handles[i].handle == datatype) {
            *dtype_p = handles[i].dtype;
            return true;
        }
    }
    return false;
}
