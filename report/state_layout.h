/* Spar: the bytes of a file of residuals (report/state_file.h), in the byte
 * order of the machine. */
#ifndef SPAR_REPORT_STATE_LAYOUT_H
#define SPAR_REPORT_STATE_LAYOUT_H

#include "policy/loss_scale.h"

#include <stdint.h>

#define SPAR_STATE_MAGIC   "SPARKEEP"
#define SPAR_STATE_VERSION 2
/* In bytes that differ. */
#define SPAR_STATE_ORDER 0x0102

#define SPAR_STATE_COMM 1u
#define SPAR_STATE_END  2u

typedef struct spar_state_header {
    char magic[8];
    uint16_t order;
    uint16_t version;
    uint32_t ranks;
    uint32_t rank;
    uint32_t zero;
    uint64_t run;
    uint64_t save;
    uint64_t checksum; /* of the bytes before it */
} spar_state_header_t;

/* A communicator, or the end of the file. A checksum of the block and of its
 * entries follows behind the entries. */
typedef struct spar_state_block {
    uint32_t kind;
    uint32_t size;
    uint32_t rank;
    uint32_t layers; /* entries that follow */
    uint64_t key;    /* the end: number of communicators */
    uint64_t stamp;  /* the end: bytes before it */
    uint64_t due;    /* a change of the loss scale; the end: 0, as below */
    int64_t rest_end;
    uint64_t rest_steps;
} spar_state_block_t;

/* Behind the entries of a block come the residuals of those that owe, each with
 * a checksum behind it. */
typedef struct spar_state_entry {
    uint64_t count;
    uint32_t dtype;
    uint32_t owes;
    /* spar_loss_scale_t */
    double levels[SPAR_LOSS_SCALE_CALLS];
    double level;
    uint64_t calls;
    uint64_t state;
} spar_state_entry_t;

/* No bytes between the members. */
_Static_assert(sizeof(spar_state_header_t) == 48, "header");
_Static_assert(sizeof(spar_state_block_t) == 56, "block");
_Static_assert(sizeof(spar_state_entry_t) == 168, "entry");

#endif
