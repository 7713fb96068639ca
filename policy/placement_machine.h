/* Spar: the machine as the choice of a core sees it. For policy/placement*.c
 * and its test. Nothing here writes; see placement.h for threads. */
#ifndef SPAR_POLICY_PLACEMENT_MACHINE_H
#define SPAR_POLICY_PLACEMENT_MACHINE_H

#include "policy/placement.h"

#include <hwloc.h>

#define SPAR_PLACEMENT_PUS (SPAR_PLACEMENT_WORDS * 64)

struct spar_placement {
    hwloc_topology_t topology; /* loaded, owned */
    bool too_large;            /* has PUs that the bitmaps have no bit for */
};

/* Takes a loaded topology, which spar_placement_close destroys; so does this
 * on failure. NULL: no memory. */
spar_placement_t *spar_placement_open_topology(hwloc_topology_t topology);

/* The core after `core` that this process may use, in hwloc's logical order;
 * NULL: the first. NULL after the last. Where hwloc knows no cores, processing
 * units stand in for them. */
hwloc_obj_t spar_placement_next_core(const spar_placement_t *placement,
                                     hwloc_obj_t core);

/* Is any PU of the core in `words`? */
bool spar_placement_touches(hwloc_obj_t core, const uint64_t *words);

/* Sets in words_p the PUs of the core that this process may use. */
void spar_placement_core_words(const spar_placement_t *placement,
                               hwloc_obj_t core, uint64_t *words_p);

/* Same NUMA nodes and same package? */
bool spar_placement_same_area(hwloc_obj_t a, hwloc_obj_t b);

/*
 * A network device next to the core, NULL if none is known to be. Devices
 * count that sit on a PCI bus whose place in the machine is known; an
 * OpenFabrics device hides the others, which are then likely for management.
 */
hwloc_obj_t spar_placement_network(const spar_placement_t *placement,
                                   hwloc_obj_t core);

#endif
