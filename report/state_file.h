/*
 * Spar: the file in which a rank keeps its residuals between two runs. It knows
 * no MPI: pmpi/state.h tells what is saved, and whether it is used.
 *
 * A file is a header, one block for each communicator and an end block; a block
 * is followed by the residuals of its layers (report/state_layout.h has the
 * bytes). Each part has a checksum. Numbers and values are in the byte order of
 * the machine; another one is refused. The reader trusts nothing: whatever is
 * in the file, it is read as it was written or refused with a cause.
 *
 * Nothing here is thread-safe.
 */
#ifndef SPAR_REPORT_STATE_FILE_H
#define SPAR_REPORT_STATE_FILE_H

#include "base/dtype.h"
#include "base/status.h"
#include "policy/loss_scale.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Whose it is, and of which save: the files of one save differ in `rank`. */
typedef struct spar_state_file_origin {
    uint32_t ranks; /* of the job */
    uint32_t rank;
    uint64_t run;  /* a number of the job that saved */
    uint64_t save; /* of its saves, from 1 */
} spar_state_file_origin_t;

typedef struct spar_state_file_layer {
    uint64_t count;     /* elements */
    spar_dtype_t dtype; /* of gradients; residuals: spar_dtype_wide of it */
    bool owes;          /* a residual of it is in the file */
    void *residual;     /* to be written: NULL if there is none. Read: the
                           caller's, NULL at first */
    uint64_t at;        /* where it is in the file, bytes; read */
    spar_loss_scale_t loss_scale; /* what the residual's unit is known by */
} spar_state_file_layer_t;

/* Of its residual. */
static inline size_t spar_state_file_bytes(const spar_state_file_layer_t *layer)
{
    return layer->count * spar_dtype_size(spar_dtype_wide(layer->dtype));
}

/* The layers of a step, in the order of its calls. */
typedef struct spar_state_file_comm {
    uint64_t key;   /* which communicator; the same on all of its ranks */
    uint64_t stamp; /* its calls so far; likewise */
    uint32_t size;  /* ranks */
    uint32_t rank;
    uint32_t layer_count;
    bool used; /* the caller's, false at first */
    /* Gradients have jumped: whether by the loss scale is not decided yet. */
    bool rescale_due;
    spar_loss_scale_rest_t rest; /* as of step 0, when the file was written */
    spar_state_file_layer_t *layers;
} spar_state_file_comm_t;

typedef struct spar_state_file {
    spar_state_file_origin_t origin;
    size_t comm_count;
    spar_state_file_comm_t *comms;
} spar_state_file_t;

/*
 * What the file holds, without its residuals, which are checked all the same.
 * The file has to be seekable; it stays the caller's.
 * SPAR_ERR_INVALID: it is not whole, or of another kind; SPAR_ERR_NO_MEMORY.
 * *cause_p, if not NULL, then tells why, static.
 */
spar_status_t spar_state_file_read(FILE *file, spar_state_file_t *state_p,
                                   const char **cause_p);

/* Reads the layer's residual of layer->count elements into `residual`, which
 * is undefined after an error; errors as above. */
spar_status_t spar_state_file_load(FILE *file,
                                   const spar_state_file_layer_t *layer,
                                   void *residual, const char **cause_p);

/* Frees all of it; residuals are the caller's. */
void spar_state_file_destroy(spar_state_file_t *state);

/* A file that is being written. */
typedef struct spar_state_writer {
    FILE *file;
    uint64_t comms;
    uint64_t bytes;    /* written so far */
    uint64_t residual; /* bytes of residuals so far */
} spar_state_writer_t;

/* Each of these: SPAR_ERR_IO: errno tells why, the file is of no use. */
spar_status_t spar_state_writer_begin(FILE *file,
                                      const spar_state_file_origin_t *origin,
                                      spar_state_writer_t *writer_p);
spar_status_t spar_state_writer_add(spar_state_writer_t *writer,
                                    const spar_state_file_comm_t *comm);
/* All of it is on the disk afterwards. */
spar_status_t spar_state_writer_end(spar_state_writer_t *writer);

#endif
