/*
 * Spar: facts of one host as plain data: processors, interfaces, GPUs. From
 * hwloc (policy/placement.h) and the kernel's files (policy/nic.h); what
 * neither tells is said to be unknown. Any thread.
 */
#ifndef SPAR_POLICY_TOPOLOGY_H
#define SPAR_POLICY_TOPOLOGY_H

#include "policy/nic.h"
#include "policy/placement.h"

#define SPAR_GPUS 16

typedef struct spar_gpu {
    char name[32]; /* "card0", "cuda0", or the PCI address */
    int32_t numa;  /* NUMA node as the system counts them; -1: unknown */
} spar_gpu_t;

/* Sent as bytes between ranks of one version. */
typedef struct spar_topology {
    int32_t packages; /* 0: unknown, also below */
    int32_t numa_nodes;
    int32_t cores; /* that the process' cgroup allows */
    int32_t nic_count;
    int32_t gpu_count;
    int32_t picked; /* the likely interface, in nics; -1: none */
    int32_t reason; /* spar_nic_reason_t: why it is the likely one */
    spar_nic_t nics[SPAR_NICS];
    spar_gpu_t gpus[SPAR_GPUS];
} spar_topology_t;

/*
 * machine: from spar_placement_open; NULL: processors are unknown.
 * sys: a folder like /sys with the kernel's files; NULL: /sys itself and this
 *     host's addresses, or nothing where hwloc shows another machine.
 * include: see spar_nic_pick.
 */
void spar_topology_read(const spar_placement_t *machine, const char *sys,
                        const char *include, spar_topology_t *topology_p);

/* The likely interface; NULL: none. */
const spar_nic_t *spar_topology_nic(const spar_topology_t *topology);

#endif
