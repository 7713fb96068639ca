#include "pmpi/memory_report.h"

#include "pmpi/device.h"
#include "pmpi/half.h"
#include "pmpi/machines.h"
#include "pmpi/resident.h"
#include "pmpi/standing.h"

static void add_layer_memory(spar_report_t *report, const spar_layer_t *layer)
{
    report->residual_bytes += spar_layer_residual_bytes(layer);
    report->memory_bytes += spar_half_bytes(layer) + layer->staged.bytes +
                            spar_periodic_layer_bytes(layer);
    report->device_bytes += spar_resident_bytes(layer);
    if (layer->shadow.out != NULL) {
        report->memory_bytes += spar_layer_bytes(layer);
    }
}

void spar_memory_add(spar_report_t *report, const spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        add_layer_memory(report, &comm->layers[i]);
    }
    if (comm->ring == NULL) {
        return; /* only the numbers are left */
    }
    report->memory_bytes += spar_ring_memory(comm->ring);
    for (const spar_standing_t *standing = comm->standings; standing != NULL;
         standing = standing->next) {
        add_layer_memory(report, &standing->layer);
    }
    for (size_t i = 0; i < SPAR_LANES; i++) {
        report->memory_bytes +=
            spar_machines_memory(&comm->lanes[i]) +
            spar_staging_memory(&comm->lanes[i].bundle.staging) +
            spar_selection_memory(&comm->lanes[i].selection);
    }
    for (size_t i = 0; i < SPAR_PIECES - 1; i++) {
        report->memory_bytes +=
            spar_machines_memory(&comm->side_lanes[i]) +
            spar_selection_memory(&comm->side_lanes[i].selection);
    }
}

void spar_memory_add_pool(spar_report_t *report)
{
    const spar_cuda_ops_t *ops = spar_device_ops();

    if (ops != NULL) {
        report->pinned_bytes = ops->pool();
        report->memory_bytes += report->pinned_bytes;
        report->device_bytes += report->pinned_bytes;
    }
}
