#include "policy/nic.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does an entry of the list, "eth0" or "10.0.0.0/24", mean this interface? */
static bool fits(const char *entry, const spar_nic_t *nic)
{
    char network[64];
    struct in_addr address;
    const char *slash = strchr(entry, '/');
    long bits;
    uint32_t mask;

    if (!slash) {
        return strcmp(entry, nic->name) == 0;
    }
    snprintf(network, sizeof(network), "%.*s", (int)(slash - entry), entry);
    bits = strtol(slash + 1, NULL, 10);
    if (nic->address == 0 || bits < 0 || bits > 32 ||
        inet_pton(AF_INET, network, &address) != 1) {
        return false;
    }
    mask = bits == 0 ? 0 : ~UINT32_C(0) << (32 - bits);
    return (ntohl(address.s_addr) & mask) == (nic->address & mask);
}

static const spar_nic_t *named(const spar_nic_t *nics, size_t count,
                               const char *include)
{
    while (*include != '\0') {
        size_t length = strcspn(include, ",");
        char entry[64];

        snprintf(entry, sizeof(entry), "%.*s", (int)length, include);
        for (size_t i = 0; i < count; i++) {
            if (fits(entry, &nics[i])) {
                return &nics[i];
            }
        }
        include += length + (include[length] == ',');
    }
    return NULL;
}

/* Is a likelier than b, which comes before it in the list? */
static bool is_likelier(const spar_nic_t *a, const spar_nic_t *b)
{
    if (a->hardware != b->hardware) {
        return a->hardware;
    }
    return a->rate > b->rate ||
           (a->rate == b->rate && a->state == SPAR_NIC_UP &&
            b->state != SPAR_NIC_UP);
}

const spar_nic_t *spar_nic_pick(const spar_nic_t *nics, size_t count,
                                const char *include,
                                spar_nic_reason_t *reason_p)
{
    const spar_nic_t *best = include ? named(nics, count, include) : NULL;

    *reason_p = SPAR_NIC_NAMED;
    if (best) {
        return best;
    }
    for (size_t i = 0; i < count; i++) {
        if (nics[i].state != SPAR_NIC_DOWN &&
            (!best || is_likelier(&nics[i], best))) {
            best = &nics[i];
        }
    }
    *reason_p = best ? SPAR_NIC_FASTEST : SPAR_NIC_NONE;
    return best;
}

const char *spar_nic_reason_string(int32_t reason)
{
    static const char *const strings[SPAR_NIC_REASONS] = {
        [SPAR_NIC_NONE] = "no interface is known",
        [SPAR_NIC_NAMED] = "named by OMPI_MCA_btl_tcp_if_include",
        [SPAR_NIC_FASTEST] = "the fastest that is up"};

    return reason >= 0 && reason < SPAR_NIC_REASONS ? strings[reason] : "?";
}

bool spar_nic_likely(spar_nic_t *nic_p, spar_nic_reason_t *reason_p)
{
    spar_nic_t nics[SPAR_NICS];
    size_t count = spar_nic_list("/sys", nics);
    const spar_nic_t *nic;

    spar_nic_add_addresses(nics, count);
    nic = spar_nic_pick(nics, count, getenv("OMPI_MCA_btl_tcp_if_include"),
                        reason_p);
    if (nic) {
        *nic_p = *nic;
    }
    return nic != NULL;
}
