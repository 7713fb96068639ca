/* The machine as hwloc sees it. HWLOC_XMLFILE and HWLOC_SYNTHETIC, which hwloc
   reads itself, show another one. */
#include "tools/info/info.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned count(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int n = hwloc_get_nbobjs_by_type(topology, type);

    return n < 0 ? 0 : (unsigned)n;
}

static void print_processors(hwloc_topology_t topology)
{
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *model = NULL;

    if (package != NULL) {
        model = hwloc_obj_get_info_by_name(package, "CPUModel");
    }
    spar_info_row("processor", "%s", model == NULL ? "unknown" : model);
    spar_info_row("cores", "packages %u, cores %u, hardware threads %u",
                  count(topology, HWLOC_OBJ_PACKAGE),
                  count(topology, HWLOC_OBJ_CORE),
                  count(topology, HWLOC_OBJ_PU));
}

static void print_memory(hwloc_topology_t topology)
{
    hwloc_obj_t root = hwloc_get_root_obj(topology);

    spar_info_row("memory", "%.1f GiB, NUMA nodes %u",
                  (double)root->total_memory / (1024.0 * 1024.0 * 1024.0),
                  count(topology, HWLOC_OBJ_NUMANODE));
}

static void print_cache(hwloc_topology_t topology, hwloc_obj_type_t type,
                        const char *label)
{
    hwloc_obj_t cache = hwloc_get_obj_by_type(topology, type, 0);

    if (cache != NULL) {
        spar_info_row(label, "%u x %llu KiB", count(topology, type),
                      (unsigned long long)cache->attr->cache.size / 1024);
    }
}

/* Mbit/s of a network interface, or 0 when it is not known. */
static long link_speed(const char *interface)
{
    char path[256], text[32] = "";
    FILE *file;
    long speed;

    snprintf(path, sizeof(path), "/sys/class/net/%s/speed", interface);
    file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof(text), file) == NULL) {
        text[0] = '\0';
    }
    fclose(file);
    speed = strtol(text, NULL, 10);
    return speed > 0 ? speed : 0;
}

static void print_network(hwloc_obj_t device)
{
    long speed = link_speed(device->name);
    hwloc_obj_t card = device->parent;
    const char *model = NULL;
    char known[32] = "speed unknown";

    if (card != NULL) {
        model = hwloc_obj_get_info_by_name(card, "PCIDevice");
    }
    if (speed > 0) {
        snprintf(known, sizeof(known), "%g Gbit/s", (double)speed / 1000.0);
    }
    spar_info_row("network", "%s, %s%s%s", device->name, known,
                  model == NULL ? "" : ", ", model == NULL ? "" : model);
}

static void print_gpu(hwloc_obj_t device)
{
    const char *model = hwloc_obj_get_info_by_name(device, "GPUModel");

    spar_info_row("GPU", "%s, %s", device->name,
                  model == NULL ? "model unknown" : model);
}

static void print_devices(hwloc_topology_t topology)
{
    hwloc_obj_t device = NULL;
    unsigned shown = 0;

    while ((device = hwloc_get_next_osdev(topology, device)) != NULL) {
        switch (device->attr->osdev.type) {
        case HWLOC_OBJ_OSDEV_NETWORK:
        case HWLOC_OBJ_OSDEV_OPENFABRICS:
            print_network(device);
            shown++;
            break;
        case HWLOC_OBJ_OSDEV_COPROC:
        case HWLOC_OBJ_OSDEV_GPU:
            print_gpu(device);
            break;
        default:
            break;
        }
    }
    if (shown == 0) {
        spar_info_row("network", "no card seen");
    }
}

void spar_info_machine(void)
{
    hwloc_topology_t topology;

    puts("Machine");
    if (hwloc_topology_init(&topology) != 0) {
        spar_info_row("hwloc", "cannot start");
        return;
    }
    hwloc_topology_set_io_types_filter(topology,
                                       HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    if (hwloc_topology_load(topology) != 0) {
        spar_info_row("hwloc", "cannot read the topology");
    } else {
        print_processors(topology);
        print_memory(topology);
        print_cache(topology, HWLOC_OBJ_L2CACHE, "L2");
        print_cache(topology, HWLOC_OBJ_L3CACHE, "L3");
        print_devices(topology);
    }
    hwloc_topology_destroy(topology);
}
