/* Spar: one layer of one communicator: a slot of the known sequence, with its
 * residual and what was measured of it. */
#ifndef SPAR_PMPI_LAYER_H
#define SPAR_PMPI_LAYER_H

#include "base/dtype.h"
#include "pmpi/periodic_layer.h"
#include "pmpi/piece.h"
#include "pmpi/shadow.h"
#include "pmpi/timeline.h"
#include "policy/config.h"
#include "policy/content.h"
#include "policy/loss_scale.h"
#include "policy/samples.h"
#include "policy/second_look.h"
#include "policy/trial.h"

/* Grows when it is used. */
typedef struct spar_array {
    void *memory;
    size_t bytes;
} spar_array_t;

typedef struct spar_layer {
    spar_dtype_t dtype;   /* of residual and exchange */
    spar_dtype_t element; /* of the application's buffers, agreed */
    uint64_t count;
    /* The plan: the same on every rank. */
    bool sparse;      /* calls are taken over */
    bool owes;        /* the residual may hold something */
    bool flush;       /* the next call delivers the residual */
    bool nonblocking; /* called by MPI_Iallreduce or as persistent */
    bool active;      /* a call of it is under way */
    bool few;     /* has so few non-zeros that all of them are to be sent, as
                     soon as nothing is owed any more */
    bool natural; /* all non-zeros are sent, exactly; no residual */
    bool crowded; /* once had too many for that */
    bool far;     /* some rank's buffers are in a device's memory, */
    bool blind;   /* and one of them cannot reach it */
    spar_trial_t trial;           /* which methods it takes */
    double seconds[SPAR_METHODS]; /* agreed, of a call; 0: not measured */
    unsigned losses;   /* reviews in a row in which sparse was slower */
    unsigned refusals; /* flushes in a row that had to wait */
    spar_second_look_t second_look;
    uint32_t exchanges;   /* header exchanges so far */
    spar_guard_t guard;   /* why it is not to be sparse, modes auto and ab */
    const char *why;      /* why it is dense or sparse, static */
    double dense_seconds; /* agreed, of the faster dense method */
    double density;       /* where a rule sets it */
    double release; /* agreed: when it is posted, and when it is needed; */
    double need;    /* seconds after the step's begin (policy/lags.h) */
    double wall;    /* agreed: when it is posted, on the wall's clock */
    double predicted_seconds;
    /* Local. */
    spar_content_t content; /* rank 0's, while it is watched */
    spar_guard_t hint;      /* rank 0's, from the calls */
    spar_selector_kind_t select;
    spar_piece_t piece; /* the first one */
    spar_piece_t *more; /* the others; NULL: none */
    unsigned piece_count;
    spar_values_t values;         /* how they travel */
    void *residual;               /* allocated at the first sparse call */
    void *fresh;                  /* beside it (pmpi/fresh.h); NULL: none */
    float *wide;                  /* 16-bit floats, widened (pmpi/half.h) */
    spar_array_t staged;          /* far buffers (pmpi/reach.h) */
    spar_loss_scale_t loss_scale; /* belongs to the residual */
    uint64_t flushed_epoch;
    double digest;      /* of the result of a step that is checked
                           (policy/replicas.h) */
    bool fresh_asked;   /* whether there is memory for it */
    bool refused;       /* by its device: it is selected on the host */
    bool unread;        /* this rank's part of a flush, so that it asks for
                           another one */
    bool many;          /* had more non-zeros than half of what it may send,
                           since the last review */
    uint64_t looked_at; /* exchanges since the last review */
    uint64_t address;   /* of the latest call's receive buffer */
    bool moved;         /* it was not always there */
    spar_samples_t samples[SPAR_METHODS]; /* since the last review */
    spar_timing_t timing;                 /* likewise */
    /* Counted for the report. */
    uint64_t calls;
    uint64_t sparse_calls;
    uint64_t merged_calls; /* of these, in one exchange with neighbours */
    uint64_t entries_sent;
    uint64_t bytes_sent;
    double select_sum;
    double select_before; /* at the last review, and the calls then */
    uint64_t select_calls_before;
    double beside; /* seconds of other calls right before it, this rank's */
    double select_recent; /* seconds of a selection since the review before */
    /* What its calls cost the application, of those that it has completed. */
    uint64_t sparse_ended;
    double sparse_sum; /* seconds in the call and blocked for it */
    uint64_t ended;
    double waited_sum; /* seconds blocked */
    double span_sum;   /* seconds from the call to its completion */
    double depth_sum;  /* pending calls */
    unsigned depth_most;
    spar_periodic_layer_t periodic;
    spar_shadow_t shadow; /* mode shadow */
    double sent_norm2;    /* of an exchange now and then */
    double unsent_share;  /* when it was retired; negative: not known */
} spar_layer_t;

/* A layer of one piece, of buffers of that type. */
void spar_layer_init(spar_layer_t *layer, const spar_config_t *config,
                     spar_dtype_t dtype, uint64_t count);
/* Cuts a large one into pieces. false: out of memory. */
bool spar_layer_cut(spar_layer_t *layer);

static inline spar_piece_t *spar_layer_piece(spar_layer_t *layer,
                                             unsigned index)
{
    return index == 0 ? &layer->piece : &layer->more[index - 1];
}
/* Nothing is owed: from now on all non-zeros are sent, as they are. */
void spar_layer_make_natural(spar_layer_t *layer);
/* Back to a selection with error feedback, for good. */
void spar_layer_make_selective(spar_layer_t *layer,
                               const spar_config_t *config);

/* Not all ranks may have room any more for exchanges by these methods. */
void spar_layer_forget_room(spar_layer_t *layer, unsigned methods);

/* With no call under way: the residual and all that is known of its size are
 * multiplied by 2^exponent. */
void spar_layer_rescale(spar_layer_t *layer, int exponent);

/* Frees the residual. */
void spar_layer_cleanup(spar_layer_t *layer);
/* Frees all that it holds. */
void spar_layer_destroy(spar_layer_t *layer);

/* The layer will not be exchanged any more: frees the residual, remembers for
 * the report how much of it there was, and warns if there was any. */
void spar_layer_retire(spar_layer_t *layer, const char *reason);

/* Share of the energy (sum of squares) of gradient and residual that the last
 * exchange did not send; negative: not known. */
double spar_layer_unsent_share(const spar_layer_t *layer);

/* Entries that a selection out of `count` elements has at most; the same on
 * every rank. */
uint64_t spar_layer_most_entries(const spar_layer_t *layer, uint64_t count,
                                 double density);

/* Of a residual, and of a buffer of the application's. */
size_t spar_layer_bytes(const spar_layer_t *layer);
size_t spar_layer_buffer_bytes(const spar_layer_t *layer);
/* Of the residual and the array beside it, as far as they are allocated. */
size_t spar_layer_residual_bytes(const spar_layer_t *layer);

/* Forgets all samples. */
void spar_layer_drop_samples(spar_layer_t *layer);

#endif
