#include "cuda/layer.h"

/* All that the library exports. */
extern "C" __attribute__((visibility("default")))
const spar_cuda_ops_t spar_cuda_ops;

const spar_cuda_ops_t spar_cuda_ops = {
    SPAR_CUDA_VERSION,      spar_cuda_cause,        spar_cuda_locate,
    spar_cuda_check,        spar_cuda_to_host,      spar_cuda_to_device,
    spar_cuda_sample,       spar_cuda_layer_create, spar_cuda_layer_destroy,
    spar_cuda_layer_memory, spar_cuda_pool,         spar_cuda_residual_get,
    spar_cuda_residual_set, spar_cuda_select,       spar_cuda_encoded,
    spar_cuda_commit,       spar_cuda_settle,       spar_cuda_add,
    spar_cuda_add_all,      spar_cuda_finish,       spar_cuda_deliver,
    spar_cuda_cancel,       spar_cuda_launches,
};
