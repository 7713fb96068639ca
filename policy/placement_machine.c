#include "policy/placement_machine.h"

static hwloc_obj_type_t core_type(hwloc_topology_t topology)
{
    return hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0
               ? HWLOC_OBJ_CORE
               : HWLOC_OBJ_PU;
}

hwloc_obj_t spar_placement_next_core(const spar_placement_t *placement,
                                     hwloc_obj_t core)
{
    hwloc_topology_t topology = placement->topology;
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    hwloc_obj_type_t type = core_type(topology);

    do {
        core = hwloc_get_next_obj_by_type(topology, type, core);
    } while (core && !hwloc_bitmap_intersects(core->cpuset, allowed));
    return core;
}

bool spar_placement_touches(hwloc_obj_t core, const uint64_t *words)
{
    for (int pu = hwloc_bitmap_first(core->cpuset);
         pu >= 0 && pu < SPAR_PLACEMENT_PUS;
         pu = hwloc_bitmap_next(core->cpuset, pu)) {
        if (words[pu / 64] >> (pu % 64) & 1) {
            return true;
        }
    }
    return false;
}

void spar_placement_core_words(const spar_placement_t *placement,
                               hwloc_obj_t core, uint64_t *words_p)
{
    hwloc_const_cpuset_t allowed =
        hwloc_topology_get_allowed_cpuset(placement->topology);

    for (int pu = hwloc_bitmap_first(core->cpuset);
         pu >= 0 && pu < SPAR_PLACEMENT_PUS;
         pu = hwloc_bitmap_next(core->cpuset, pu)) {
        if (hwloc_bitmap_isset(allowed, (unsigned)pu)) {
            words_p[pu / 64] |= UINT64_C(1) << (pu % 64);
        }
    }
}

static hwloc_obj_t package_of(hwloc_obj_t object)
{
    while (object && object->type != HWLOC_OBJ_PACKAGE) {
        object = object->parent;
    }
    return object;
}

bool spar_placement_same_area(hwloc_obj_t a, hwloc_obj_t b)
{
    return hwloc_bitmap_isequal(a->nodeset, b->nodeset) &&
           package_of(a) == package_of(b);
}

/* Without a PCI parent: loopback and other devices that are only software. */
static bool is_network(hwloc_topology_t topology, hwloc_obj_t device,
                       hwloc_obj_osdev_type_t type)
{
    return device->attr->osdev.type == type &&
           hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PCI_DEVICE,
                                          device);
}

static hwloc_obj_osdev_type_t network_type(hwloc_topology_t topology)
{
    hwloc_obj_t device = NULL;

    while ((device = hwloc_get_next_osdev(topology, device))) {
        if (is_network(topology, device, HWLOC_OBJ_OSDEV_OPENFABRICS)) {
            return HWLOC_OBJ_OSDEV_OPENFABRICS;
        }
    }
    return HWLOC_OBJ_OSDEV_NETWORK;
}

/* A device that hangs off the whole machine is not nearer to any core. */
static bool is_next_to(hwloc_topology_t topology, hwloc_obj_t device,
                       hwloc_obj_t core)
{
    hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology, device);

    return place && place->parent &&
           hwloc_bitmap_isincluded(core->cpuset, place->cpuset);
}

hwloc_obj_t spar_placement_network(const spar_placement_t *placement,
                                   hwloc_obj_t core)
{
    hwloc_topology_t topology = placement->topology;
    hwloc_obj_osdev_type_t type = network_type(topology);
    hwloc_obj_t device = NULL;

    while ((device = hwloc_get_next_osdev(topology, device))) {
        if (is_network(topology, device, type) &&
            is_next_to(topology, device, core)) {
            return device;
        }
    }
    return NULL;
}
