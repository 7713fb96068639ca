/* Spar: the sections of `spar info`. Each prints to stdout. */
#ifndef SPAR_TOOLS_INFO_H
#define SPAR_TOOLS_INFO_H

#include <stdbool.h>

/* mpirun: where it is found and what version it says that it has. */
void spar_info_launcher(void);
/* Packages, cores, NUMA, caches, network cards and GPUs, seen by hwloc. */
void spar_info_machine(void);
/* UCX: version, and the transports and devices that it can use. */
void spar_info_ucx(void);
/* Hosts, ranks and links: of the job where this is one of its ranks, and then
 * it becomes another program; else of this host alone. Returns the exit
 * code. */
int spar_info_topology(bool json);
/* Prints one row, "  label   value". */
void spar_info_row(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
