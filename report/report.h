/*
 * Spar: what rank 0 tells at the end of the run. A plain model that pmpi/
 * fills; the writers know nothing of MPI. All strings are borrowed.
 */
#ifndef SPAR_REPORT_REPORT_H
#define SPAR_REPORT_REPORT_H

#include "base/dtype.h"
#include "base/status.h"
#include "policy/config.h"
#include "policy/model.h"
#include "policy/periodic.h"
#include "report/topology.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SPAR_REPORT_SCHEMA 2

/* Mode shadow: means of a layer's calls. */
typedef struct spar_report_shadow {
    uint64_t calls; /* with a sparse exchange; 0: the rest is not known */
    double sparse_seconds; /* of that exchange, selection included */
    double dense_seconds;  /* of the dense call after it */
    double bytes;          /* that this rank sent in the exchange */
    bool pays;             /* mode auto would send it sparsely */
    unsigned samples;      /* calls whose sums were compared; 0: neither of */
    double difference;     /* |sparse - dense| / |dense| */
    double cosine;
} spar_report_shadow_t;

typedef struct spar_report_layer {
    int comm; /* number of its communicator */
    unsigned slot;
    spar_dtype_t dtype;
    uint64_t count; /* elements */
    bool sparse;
    bool periodic;      /* skips exchanges */
    const char *method; /* of its present calls: mpi, ring, allgather, ... */
    const char *why;
    uint64_t calls;
    uint64_t sparse_calls;
    uint64_t merged_calls; /* of these, in one exchange with neighbours */
    double density;        /* mean share of entries sent in sparse calls */
    double plan_density;   /* in force; 0: dense */
    uint64_t bytes_sent;   /* by this rank in all calls */
    uint64_t dense_bytes_per_call; /* 2 n (P-1)/P elements */
    /* Seconds per call; 0: not measured. */
    double dense_seconds;     /* while learning: median, least of the ranks */
    double predicted_seconds; /* sparse; 0: not known */
    double sparse_seconds;    /* mean on this rank, waiting included */
    double select_seconds;    /* mean on this rank, part of the above */
    /* Of all calls that the application has completed, means on this rank. */
    bool nonblocking;
    bool measured;         /* the means below */
    double waited_seconds; /* that the application was blocked for a call */
    double span_seconds;   /* from the call to its completion */
    double depth;          /* pending calls when it was made, with it */
    unsigned depth_most;
    /* Share of the last exchange's energy (sum of squares) that stayed in
     * the residual; negative: not known. */
    double residual_share;
    /* Where a rule sets densities: when the calls of the slowest rank are made
     * and needed, seconds after the step's begin, as if none took any time. */
    double release_seconds;
    double need_seconds;
    spar_report_shadow_t shadow;
} spar_report_layer_t;

/* Densities by a rule (SPAR_DENSITY=auto, lags-paper), at the last review. */
typedef struct spar_report_densities {
    const char *aim;  /* hide, spend, paper; NULL: no rule, or not solved yet */
    bool overlaps;    /* a second thread makes the blocking calls */
    uint32_t version; /* changes so far */
    double step_seconds;    /* median, of the slowest rank */
    double wait_seconds;    /* in such a step, measured */
    double compute_seconds; /* in such a step, the rest of it */
    /* With the densities in force; the step's bounds if exchanges cost less or
     * more than predicted. */
    double predicted_wait;
    double predicted_step;
    double predicted_least;
    double predicted_most;
} spar_report_densities_t;

/* Periodic exchange on a communicator. */
typedef struct spar_report_periodic {
    int comm;
    int ranks;
    bool carries; /* of gradients; otherwise of parameters */
    bool adapts;  /* the period follows the variance */
    uint64_t period;
    uint64_t exchanges; /* steps that averaged */
    uint64_t skips;
    uint64_t since_average; /* steps; 0: replicas were the same at the end */
    uint64_t drifts;        /* times that they had drifted apart */
    bool has_hint;          /* of the learning rate */
    size_t marks;
    const spar_periodic_mark_t *history;
} spar_report_periodic_t;

/* Residuals across runs (SPAR_STATE), of this rank. */
typedef struct spar_report_state {
    const char *directory; /* NULL: they are not kept */
    uint64_t run;          /* that they were restored from */
    uint64_t restored;     /* bytes; 0: nothing was */
    bool is_saved;
    bool is_partial; /* the last save is without some communicators */
    uint64_t saved;  /* bytes */
} spar_report_state_t;

typedef struct spar_report {
    const spar_config_t *config;
    int ranks;
    int nodes;
    double elapsed; /* seconds since MPI_Init */
    /* Steps of the busiest communicator. */
    const double *step_seconds;
    size_t steps;
    size_t step_calls;    /* candidates in a step */
    uint64_t steady_from; /* first step after learning and ramp */
    /* Steady state, bytes per rank and step; negative: not known. */
    double sent_per_step;
    double dense_per_step;
    double interface_per_step; /* mean over hosts' interfaces */
    uint64_t sent_total;
    double interface_total; /* negative: not known */
    uint64_t dense_calls;   /* candidates outside a known sequence included */
    uint64_t nonfinite_calls;
    uint64_t jump_calls; /* dense, because gradients jumped by a power of two */
    uint64_t rescales;   /* of residuals, since the loss scale changed */
    int rescale_exponent;  /* of the latest one */
    uint64_t memory_bytes; /* residuals and scratch of this rank, on the host */
    uint64_t residual_bytes;
    uint64_t pinned_bytes; /* of these, page-locked for GPUs */
    uint64_t device_bytes; /* on GPUs */
    spar_report_state_t state;
    const spar_report_layer_t *layers;
    size_t layer_count;
    const spar_report_periodic_t *periodic; /* of each communicator with any */
    size_t periodic_count;
    spar_report_densities_t densities; /* likewise */
    /* Mode ab; NULL: another one. Of the busiest communicator. */
    const spar_windows_result_t *ab;
    bool shadow; /* the mode */
    /* Mode shadow: seconds per step in which non-blocking calls were under way;
     * 0: none. */
    double overlap_sparse;
    double overlap_dense;
    bool ab_nowhere;           /* no layer goes sparse (any more) */
    const spar_model_t *model; /* of the busiest communicator; NULL: none */
    const spar_report_topology_t *topology; /* NULL: not known */
    const char *progress; /* who advances non-blocking calls, and why */
    const char *const *notes;
    size_t note_count;
} spar_report_t;

/* One word. */
static inline const char *spar_report_state(const spar_report_layer_t *layer)
{
    return layer->shadow.calls > 0 ? "shadow"
           : layer->sparse         ? "sparse"
           : layer->periodic       ? "period"
                                   : "dense";
}

/* At most 40 lines. */
void spar_report_write_summary(const spar_report_t *report, FILE *file);

/* SPAR_ERR_IO: errno tells why; SPAR_ERR_NO_MEMORY. The file is written
 * beside its place and then moved, so that no half report is ever seen. */
spar_status_t spar_report_write_json(const spar_report_t *report,
                                     const char *path);

/* Median of the steps from `steady_from` on, of all steps if there are none;
 * 0 without steps; NAN: out of memory. */
double spar_report_median_step(const spar_report_t *report);

#endif
