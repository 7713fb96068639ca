/*
 * What the parts of merged.c share: the gradients of one step, and the scenes
 * (merged_scenes.c), each of which is one step that is exchanged in an unusual
 * way.
 */
#ifndef TESTS_MPI_MERGED_H
#define TESTS_MPI_MERGED_H

#include <mpi.h>
#include <stdbool.h>

#define LAYERS 6

typedef struct scene {
    const char *name;
    void (*play)(void);
    bool everybody; /* acts; otherwise one rank alone */
    int from;       /* layers from this one on are special */
    enum {
        SPARSE,
        DENSE,
        FLUSHED,
        BAD
    } special;
    bool ahead; /* exchanges the next step, too */
} scene_t;

extern const scene_t scenes[];
extern const int scene_count;

extern int rank, size, actor;
extern bool acts; /* in the present scene */
extern MPI_Comm comm;
extern float *gradient[LAYERS];
extern MPI_Request requests[LAYERS];

/* Posts the sum of one layer, each at most once per step. */
void post(int layer);
void post_from(int layer);
/* Completes what is left. */
void finish(void);
/* From the gradients and requests of one step to those of the other one, and
 * back. */
void other_step(void);

#endif
