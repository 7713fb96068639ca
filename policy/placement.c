#include "policy/placement.h"

#include "policy/placement_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Discovery that would cost the application time, memory of its GPUs or
 * a connection to an X server, or that binds the calling thread to one core
 * after the other (x86). Nothing of what it finds matters here. Without pci,
 * Linux itself tells of PCI devices; libpciaccess never frees what it finds. */
static void keep_discovery_small(hwloc_topology_t topology)
{
#if HWLOC_API_VERSION >= 0x00020100
    static const char *const without[] = {"pci",    "x86",  "cuda",      "nvml",
                                          "opencl", "rsmi", "levelzero", "gl"};

    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        hwloc_topology_set_components(
            topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, without[i]);
    }
#endif
    hwloc_topology_set_cache_types_filter(topology,
                                          HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_io_types_filter(topology,
                                       HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
}

spar_placement_t *spar_placement_open(void)
{
    hwloc_topology_t topology;

    if (hwloc_topology_init(&topology) != 0) {
        return NULL;
    }
    keep_discovery_small(topology);
    if (hwloc_topology_load(topology) != 0) {
        hwloc_topology_destroy(topology);
        return NULL;
    }
    return spar_placement_open_topology(topology);
}

spar_placement_t *spar_placement_open_topology(hwloc_topology_t topology)
{
    spar_placement_t *placement = malloc(sizeof(*placement));

    if (!placement) {
        hwloc_topology_destroy(topology);
        return NULL;
    }
    placement->topology = topology;
    placement->too_large =
        hwloc_bitmap_last(hwloc_topology_get_topology_cpuset(topology)) >=
        SPAR_PLACEMENT_PUS;
    return placement;
}

void spar_placement_close(spar_placement_t *placement)
{
    if (placement) {
        hwloc_topology_destroy(placement->topology);
        free(placement);
    }
}

/* false: empty, or not representable. */
static bool words_from_set(hwloc_const_bitmap_t set, uint64_t *words_p)
{
    int last = hwloc_bitmap_last(set);

    if (last < 0 || last >= SPAR_PLACEMENT_PUS) {
        return false;
    }
    memset(words_p, 0, SPAR_PLACEMENT_WORDS * sizeof(*words_p));
    for (int pu = hwloc_bitmap_first(set); pu >= 0;
         pu = hwloc_bitmap_next(set, pu)) {
        words_p[pu / 64] |= UINT64_C(1) << (pu % 64);
    }
    return true;
}

bool spar_placement_binding(const spar_placement_t *placement,
                            uint64_t *words_p)
{
    bool known = false;
    hwloc_bitmap_t set;

    if (!placement) {
        return false;
    }
    set = hwloc_bitmap_alloc();
    if (set && hwloc_get_cpubind(placement->topology, set,
                                 HWLOC_CPUBIND_PROCESS) == 0) {
        known = words_from_set(set, words_p);
    }
    hwloc_bitmap_free(set);
    return known;
}

bool spar_placement_bind(const spar_placement_t *placement,
                         const spar_placement_choice_t *choice)
{
    hwloc_bitmap_t set;
    int rc;

    if (!choice->bind) {
        return true;
    }
    set = hwloc_bitmap_alloc();
    if (!set) {
        errno = ENOMEM;
        return false;
    }
    for (int pu = 0; pu < SPAR_PLACEMENT_PUS; pu++) {
        if (choice->pu_words[pu / 64] >> (pu % 64) & 1) {
            hwloc_bitmap_set(set, (unsigned)pu);
        }
    }
    rc = hwloc_set_cpubind(placement->topology, set, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(set);
    return rc == 0;
}
