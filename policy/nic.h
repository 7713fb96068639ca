/*
 * Spar: the network interfaces of this host, from files of the kernel: which
 * there are, how fast their links are, which one MPI is likely to use. Some
 * hundred microseconds; no lock, any thread. In containers without sysfs there
 * are none, which is no error.
 */
#ifndef SPAR_POLICY_NIC_H
#define SPAR_POLICY_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More are left out; those with hardware come first. */
#define SPAR_NICS 16

typedef enum spar_nic_state {
    SPAR_NIC_UNKNOWN, /* the kernel or hwloc does not tell */
    SPAR_NIC_DOWN,
    SPAR_NIC_UP
} spar_nic_state_t;

/* Plain data that is sent as bytes between ranks of one library version. */
typedef struct spar_nic {
    char name[32];    /* "eth0", or "mlx5_0" of an InfiniBand device */
    double rate;      /* of the link, bytes per second one way; 0: unknown */
    int32_t state;    /* spar_nic_state_t */
    int32_t numa;     /* NUMA node as the system counts them; -1: unknown */
    uint32_t address; /* IPv4, in the order of the host; 0: none */
    uint32_t mask;    /* of its network */
    bool hardware;    /* there is a device behind it */
    bool infiniband;  /* a verbs device, also RoCE */
} spar_nic_t;

/*
 * Lists all but loopback into nics (SPAR_NICS of them): those of
 * sys/class/infiniband, then those of sys/class/net with a device behind them,
 * then virtual ones. sys: "/sys", or a folder that looks like it. Addresses
 * are left 0. Returns how many.
 */
size_t spar_nic_list(const char *sys, spar_nic_t *nics);

/* Fills in addresses of this host's interfaces by name. */
void spar_nic_add_addresses(spar_nic_t *nics, size_t count);

typedef enum spar_nic_reason {
    SPAR_NIC_NONE,    /* there is none to pick */
    SPAR_NIC_NAMED,   /* by `include` */
    SPAR_NIC_FASTEST, /* of those that are up, and of an equally likely kind */
    SPAR_NIC_REASONS  /* how many there are */
} spar_nic_reason_t;

/*
 * Which interface MPI uses is not known from outside; this is a guess.
 *
 * include: names and networks as Open MPI's btl_tcp_if_include has them
 *     ("eth0,10.0.0.0/24"), or NULL. The first entry that fits wins.
 *
 * Otherwise the fastest that is not down; one with hardware goes before
 * a virtual one, whose speed is made up, and InfiniBand before an
 * Ethernet of the same speed. Returns NULL with SPAR_NIC_NONE.
 */
const spar_nic_t *spar_nic_pick(const spar_nic_t *nics, size_t count,
                                const char *include,
                                spar_nic_reason_t *reason_p);

/* A phrase for "picked because"; never NULL. */
const char *spar_nic_reason_string(int32_t reason);

/*
 * This host's likely interface: the three above with /sys and the variable
 * OMPI_MCA_btl_tcp_if_include. false: there is none.
 */
bool spar_nic_likely(spar_nic_t *nic_p, spar_nic_reason_t *reason_p);

#endif
