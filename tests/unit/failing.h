/*
 * Spar: makes allocations fail, one after the other. Programs are linked with
 * wrappers for malloc and its relatives, asprintf and fopen (spar_failing in
 * tests/CMakeLists.txt), so that the calls in Spar's own libraries and in the
 * test come here, those of shared libraries do not. Not thread-safe.
 */
#ifndef SPAR_TESTS_FAILING_H
#define SPAR_TESTS_FAILING_H

#include "unit.h"

#include "base/status.h"

#include <stdbool.h>

/* From now on the allocation with this number (from 1) fails; `lasting`: and
 * all behind it. */
void failing_begin(uint64_t number, bool lasting);
/* Allocations do not fail and do not count, for a while. */
void failing_pause(void);
void failing_resume(void);
/* No more; whether one has failed. */
bool failing_end(void);

/* Since failing_begin. */
uint64_t failing_allocations(void);
/* Blocks that have not been freed. */
size_t failing_living(void);

/* For libraries that take functions. */
void *failing_malloc(size_t bytes);
void failing_free(void *block);

/* Something that allocates. All get `thing`; only `attempt` meets failures. */
typedef struct failing_case {
    void (*setup)(void *thing);
    /* SPAR_OK: as if nothing had happened. */
    spar_status_t (*attempt)(void *thing);
    /* Whether what is left is as it should be, and goes on. */
    void (*check)(void *thing, spar_status_t status);
    void (*cleanup)(void *thing);
} failing_case_t;

/* Runs the case with each of its allocations failing, alone and with all behind
 * it. Nothing may be left allocated, and a failure may not look like success.
 * Returns how many allocations there are. */
uint64_t failing_everywhere(const failing_case_t *what, void *thing);

#endif
