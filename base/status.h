/* Spar: status codes of every room. MPI error codes exist in pmpi/ only. */
#ifndef SPAR_BASE_STATUS_H
#define SPAR_BASE_STATUS_H

/* Zero is success, positive is "not yet", negative is an error. */
typedef enum spar_status {
    SPAR_OK = 0,
    SPAR_INPROGRESS = 1,
    SPAR_ERR_INVALID = -1,   /* an argument or a value is not allowed */
    SPAR_ERR_NO_MEMORY = -2, /* an allocation failed */
    SPAR_ERR_WIRE = -3,      /* a received block is malformed */
    SPAR_ERR_DISAGREE = -4,  /* ranks do not agree on what is exchanged */
    SPAR_ERR_TRANSPORT = -5, /* sending or receiving failed */
    SPAR_ERR_CANCELED = -6,  /* the operation was given up before its end */
    SPAR_ERR_IO = -7         /* a file could not be read or written */
} spar_status_t;

/* A short lower-case English phrase; never NULL, also for unknown codes. */
const char *spar_status_string(spar_status_t status);

#endif
