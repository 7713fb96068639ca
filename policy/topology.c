#include "policy/topology.h"

#include "policy/placement_machine.h"

#include <stdio.h>
#include <string.h>

/* Display controllers and processing accelerators: PCI code and ID assignment,
 * base classes 03h and 12h. */
#define PCI_DISPLAY     0x03
#define PCI_ACCELERATOR 0x12

/* ASPEED and Matrox: the screens of servers' management controllers. */
#define VENDOR_ASPEED 0x1a03
#define VENDOR_MATROX 0x102b

/* The NUMA node that a device hangs off; -1: several, or unknown. */
static int32_t numa_of(hwloc_topology_t topology, hwloc_obj_t device)
{
    hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology, device);

    return place && hwloc_bitmap_weight(place->nodeset) == 1
               ? hwloc_bitmap_first(place->nodeset)
               : -1;
}

static int32_t count_of(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(topology, type);

    return count > 0 ? count : 0;
}

static void read_processors(const spar_placement_t *machine,
                            spar_topology_t *facts)
{
    hwloc_obj_t core = NULL;

    facts->packages = count_of(machine->topology, HWLOC_OBJ_PACKAGE);
    facts->numa_nodes = count_of(machine->topology, HWLOC_OBJ_NUMANODE);
    while ((core = spar_placement_next_core(machine, core))) {
        facts->cores++;
    }
}

static spar_nic_t *find_nic(spar_topology_t *facts, const char *name)
{
    for (int32_t i = 0; i < facts->nic_count; i++) {
        if (strcmp(facts->nics[i].name, name) == 0) {
            return &facts->nics[i];
        }
    }
    return NULL;
}

/* Of an interface that the kernel's files do not show, only name and place are
 * known. */
static spar_nic_t *add_nic(hwloc_obj_t device, spar_topology_t *facts)
{
    spar_nic_t *nic;

    if (facts->nic_count >= SPAR_NICS) {
        return NULL;
    }
    nic = &facts->nics[facts->nic_count++];
    *nic = (spar_nic_t){.numa = -1,
                        .infiniband = device->attr->osdev.type ==
                                      HWLOC_OBJ_OSDEV_OPENFABRICS};
    snprintf(nic->name, sizeof(nic->name), "%s", device->name);
    return nic;
}

static void see_nic(hwloc_topology_t topology, hwloc_obj_t device,
                    spar_topology_t *facts)
{
    spar_nic_t *nic = find_nic(facts, device->name);
    hwloc_obj_t card =
        hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PCI_DEVICE, device);

    if (!nic && card) {
        nic = add_nic(device, facts);
    }
    if (nic && card) {
        nic->hardware = true;
        nic->numa = numa_of(topology, device);
    }
}

static void see_nics(hwloc_topology_t topology, spar_topology_t *facts)
{
    hwloc_obj_t device = NULL;

    while ((device = hwloc_get_next_osdev(topology, device))) {
        hwloc_obj_osdev_type_t type = device->attr->osdev.type;

        if (type == HWLOC_OBJ_OSDEV_NETWORK ||
            type == HWLOC_OBJ_OSDEV_OPENFABRICS) {
            see_nic(topology, device, facts);
        }
    }
}

/* The name by which software knows the card, else its place on the bus. */
static void name_gpu(hwloc_obj_t card, char *name, size_t size)
{
    const struct hwloc_pcidev_attr_s *place = &card->attr->pcidev;

    snprintf(name, size, "%04x:%02x:%02x.%x", (unsigned)place->domain,
             place->bus, place->dev, place->func);
    for (hwloc_obj_t child = card->io_first_child; child;
         child = child->next_sibling) {
        if (child->type == HWLOC_OBJ_OS_DEVICE && child->name) {
            snprintf(name, size, "%s", child->name);
            return;
        }
    }
}

static bool is_gpu(hwloc_obj_t card)
{
    unsigned class = card->attr->pcidev.class_id >> 8;
    unsigned vendor = card->attr->pcidev.vendor_id;

    return class == PCI_ACCELERATOR ||
           (class == PCI_DISPLAY && vendor != VENDOR_ASPEED &&
            vendor != VENDOR_MATROX);
}

static void see_gpus(hwloc_topology_t topology, spar_topology_t *facts)
{
    hwloc_obj_t card = NULL;

    while ((card = hwloc_get_next_pcidev(topology, card)) &&
           facts->gpu_count < SPAR_GPUS) {
        spar_gpu_t *gpu = &facts->gpus[facts->gpu_count];

        if (is_gpu(card)) {
            name_gpu(card, gpu->name, sizeof(gpu->name));
            gpu->numa = numa_of(topology, card);
            facts->gpu_count++;
        }
    }
}

static void pick_nic(const char *include, spar_topology_t *facts)
{
    spar_nic_reason_t reason;
    const spar_nic_t *nic =
        spar_nic_pick(facts->nics, (size_t)facts->nic_count, include, &reason);

    facts->picked = nic ? (int32_t)(nic - facts->nics) : -1;
    facts->reason = (int32_t)reason;
}

void spar_topology_read(const spar_placement_t *machine, const char *sys,
                        const char *include, spar_topology_t *topology_p)
{
    memset(topology_p, 0, sizeof(*topology_p));
    if (sys) {
        topology_p->nic_count = (int32_t)spar_nic_list(sys, topology_p->nics);
    } else if (!machine || hwloc_topology_is_thissystem(machine->topology)) {
        topology_p->nic_count =
            (int32_t)spar_nic_list("/sys", topology_p->nics);
        spar_nic_add_addresses(topology_p->nics, (size_t)topology_p->nic_count);
    }
    if (machine) {
        read_processors(machine, topology_p);
        see_nics(machine->topology, topology_p);
        see_gpus(machine->topology, topology_p);
    }
    pick_nic(include, topology_p);
}

const spar_nic_t *spar_topology_nic(const spar_topology_t *topology)
{
    return topology->picked >= 0 ? &topology->nics[topology->picked] : NULL;
}
