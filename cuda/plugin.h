/*
 * Spar: gradients in the memory of a GPU. The library for them,
 * lib/spar/libspar_cuda.so, is loaded only into processes that have loaded the
 * CUDA driver themselves; this header is all that the rest of Spar knows of it.
 * No CUDA type appears here, so that everything else builds without CUDA.
 *
 * A device layer is one piece of a layer on one rank (pmpi/piece.h): its
 * residual, and what its selection remembers, in the memory of the GPU that
 * holds the gradient. For every input it gives the selection, wire bytes and
 * residual, bit for bit, that sparsify/ gives on the host: whether a rank works
 * on its GPU or on its host is its own affair.
 *
 * Memory that a call passes must be ready, as for any MPI call: the application
 * has synchronised what writes it. All work is done on a non-blocking stream of
 * the device, in the application's own (primary or current) context; no
 * function waits for anything else than that stream, and none allocates after
 * the first call of a size. The caller's current context is as it was before
 * when a function returns.
 *
 * Not thread-safe per device: one call at a time on the layers of one
 * communicator; different communicators may call at the same time.
 *
 * Status of all functions: SPAR_OK; SPAR_ERR_NO_MEMORY (host or device),
 * SPAR_ERR_INVALID (the memory is not, or no longer, a device's, or is too
 * small), SPAR_ERR_IO (the device reported an error; `cause` in words). After
 * one of these nothing that the caller sees has changed, unless it says so.
 */
#ifndef SPAR_CUDA_PLUGIN_H
#define SPAR_CUDA_PLUGIN_H

#include "sparsify/selector.h"
#include "sparsify/wire.h"

/* Of this interface: a library of another version is not used. */
#define SPAR_CUDA_VERSION 2
/* The one symbol that the library exports, a spar_cuda_ops_t. */
#define SPAR_CUDA_SYMBOL "spar_cuda_ops"

typedef enum spar_cuda_place {
    SPAR_CUDA_HOST,   /* the host's, also where registered with CUDA */
    SPAR_CUDA_DEVICE, /* a device's */
    SPAR_CUDA_MANAGED /* both may read it: treated as the host's */
} spar_cuda_place_t;

typedef struct spar_cuda_layer spar_cuda_layer_t;

/* What a device layer is to have room for. */
typedef struct spar_cuda_size {
    spar_selector_kind_t select;
    spar_dtype_t element; /* of the application's buffer: also 16-bit floats */
    spar_dtype_t dtype;   /* of residual and exchange: F32 or F64 */
    uint64_t count;       /* elements, less than 2^32 */
    spar_values_t values; /* how entries travel */
    bool feedback;        /* there is a residual */
} spar_cuda_size_t;

typedef struct spar_cuda_ops {
    uint32_t version;
    /* The device's latest error in words, of this thread; never NULL. */
    const char *(*cause)(void);

    /* Where `pointer` lies, and on which device: a number of this library's
     * own, since a GPU may have several contexts. Never fails: memory that the
     * driver does not know is the host's. About a microsecond. */
    spar_cuda_place_t (*locate)(const void *pointer, int *device_p);

    /* Whether [pointer, pointer + bytes) is device memory that may be used:
     * otherwise SPAR_ERR_INVALID (freed, or too short). Any other error: the
     * device could not be opened, as where the driver is older than this
     * library's CUDA; it stays so, and `cause` says what helps. */
    spar_status_t (*check)(const void *pointer, uint64_t bytes);

    /* Copies; done when they return. */
    spar_status_t (*to_host)(int device, void *host, const void *from,
                             uint64_t bytes);
    spar_status_t (*to_device)(int device, void *to, const void *host,
                               uint64_t bytes);
    /* For guards and samples: `number` rows of `width` bytes, one every
     * `stride` bytes from the first one, packed into host memory. */
    spar_status_t (*sample)(int device, const void *from, uint64_t width,
                            uint64_t stride, uint64_t number, void *host);

    /* The residual is zero. */
    spar_status_t (*create)(int device, const spar_cuda_size_t *size,
                            spar_cuda_layer_t **layer_p);
    void (*destroy)(spar_cuda_layer_t *layer);
    /* Bytes held on the device for it alone. */
    uint64_t (*memory)(const spar_cuda_layer_t *layer);
    /* What layers and copies share: bytes of page-locked memory, and as many on
     * the devices. Grows only. */
    uint64_t (*pool)(void);
    /* The whole residual, `count` elements of dtype, from and to the host. */
    spar_status_t (*residual_get)(spar_cuda_layer_t *layer, void *host);
    spar_status_t (*residual_set)(spar_cuda_layer_t *layer, const void *host);

    /*
     * As spar_selector_run followed by spar_selection_round: from gradient +
     * residual, k elements (1 <= k <= count), with the memory of `selector`,
     * which it reads and updates as the host does (a layer may go on on the
     * host from one call to the next). The gradient may begin at any address
     * that its type allows, and at any byte where it is 16 bits wide. On
     * SPAR_OK *selection, in host memory and reserved here, is filled, also
     * when it flags non-finite values. The residual does not change.
     */
    spar_status_t (*select)(spar_cuda_layer_t *layer, spar_selector_t *selector,
                            const void *gradient, size_t k, uint64_t seed,
                            spar_selection_t *selection);

    /* What spar_wire_encode makes of all entries of the latest selection, for
     * spar_wire_join; NULL: that is left to the host (large selections, errors,
     * non-finite values). Valid until the next selection. */
    const spar_wire_parts_t *(*encoded)(const spar_cuda_layer_t *layer);

    /*
     * Applies a call, in this order. Nothing changes before `finish`, which
     * applies all of it in one sweep: until then a call can be given up, and
     * one of which something failed can still be applied elsewhere. `out` may
     * be the gradient itself; both stay the caller's until the end of finish.
     *   commit   begins: residual += gradient (of the select before), out = 0;
     *            SPAR_ERR_INVALID where a buffer is not aligned to its type
     *   settle   takes the sent entries out of the residual; they are copied
     *   add      out[index] += value for sorted entries without repetition
     *            (indices relative to `first`); they are copied
     *   add_all  out[first + i] += values[i] for n elements of dtype, copied
     * What is added is added in the order of these calls, so that sums have
     * the same bits as on the host.
     */
    spar_status_t (*commit)(spar_cuda_layer_t *layer, const void *gradient,
                            void *out);
    spar_status_t (*settle)(spar_cuda_layer_t *layer,
                            const spar_selection_t *sent);
    spar_status_t (*add)(spar_cuda_layer_t *layer, uint64_t first,
                         const spar_selection_t *entries);
    spar_status_t (*add_all)(spar_cuda_layer_t *layer, uint64_t first,
                             const void *values, uint64_t n);
    /* Whether all of it is done: SPAR_INPROGRESS until then. After SPAR_OK the
     * result is in `out`; but for 16-bit floats nothing has been written then:
     * *overflow_p tells whether the sum of some element would round to
     * infinity. */
    spar_status_t (*finish)(spar_cuda_layer_t *layer, bool *overflow_p);
    /* 16-bit floats only, after finish, because the pieces of a layer are
     * delivered together or not at all. keep: all of it is applied, the sum
     * rounded into `out`; `finish` tells when it is done (overflow as before).
     * Otherwise residual and `out` stay as they were before commit. */
    spar_status_t (*deliver)(spar_cuda_layer_t *layer, bool keep);
    /* Gives up what there has been since commit. Without an effect where no
     * call is under way; waits for a finish that has begun. */
    void (*cancel)(spar_cuda_layer_t *layer);

    /* Kernels that the calling thread has launched in all its calls. */
    uint64_t (*launches)(void);
} spar_cuda_ops_t;

#endif
