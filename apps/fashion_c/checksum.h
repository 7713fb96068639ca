/* Shows whether all ranks hold the same parameters. */
#ifndef FASHION_CHECKSUM_H
#define FASHION_CHECKSUM_H

#include "network.h"

/* Collective: rank 0 prints one line per rank and the verdict to stdout. */
void checksum_print(const network_t *network, int rank, int size);

#endif
