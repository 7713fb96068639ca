#include "policy/nic.h"

#include <dirent.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ARPHRD_LOOPBACK of linux/if_arp.h */
#define TYPE_LOOPBACK 772

/* First line of a file of an interface, without its end; empty: unreadable. */
static void read_line(const char *folder, const char *file, char *line,
                      int size)
{
    char path[PATH_MAX];
    FILE *stream;

    line[0] = '\0';
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    stream = fopen(path, "r");
    if (!stream) {
        return;
    }
    if (!fgets(line, size, stream)) {
        line[0] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    fclose(stream);
}

static double read_number(const char *folder, const char *file, double unknown)
{
    char line[64], *end;
    double value;

    read_line(folder, file, line, sizeof(line));
    value = strtod(line, &end);
    return end == line ? unknown : value;
}

static bool has_device(const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/device", folder);
    return access(path, F_OK) == 0;
}

/* The kernel has -1 for machines without NUMA, too. */
static void read_common(const char *folder, const char *name, spar_nic_t *nic)
{
    memset(nic, 0, sizeof(*nic));
    snprintf(nic->name, sizeof(nic->name), "%s", name);
    nic->hardware = has_device(folder);
    nic->numa = (int32_t)read_number(folder, "device/numa_node", -1);
}

static bool read_net(const char *folder, const char *name, bool hardware,
                     spar_nic_t *nic)
{
    char state[32];
    double speed; /* Mbit/s; -1: the driver does not tell */

    if (has_device(folder) != hardware ||
        read_number(folder, "type", 0) == TYPE_LOOPBACK) {
        return false;
    }
    read_common(folder, name, nic);
    read_line(folder, "operstate", state, sizeof(state));
    if (strcmp(state, "up") == 0) {
        nic->state = SPAR_NIC_UP;
    } else if (state[0] != '\0' && strcmp(state, "unknown") != 0) {
        nic->state = SPAR_NIC_DOWN;
    }
    speed = read_number(folder, "speed", -1);
    nic->rate = speed > 0 ? speed * 1e6 / 8 : 0;
    return true;
}

/* "100 Gb/sec (4X EDR)", "4: ACTIVE"; the first port counts. */
static bool read_infiniband(const char *folder, const char *name, bool hardware,
                            spar_nic_t *nic)
{
    char state[32];
    double rate;

    (void)hardware; /* there always is */
    read_common(folder, name, nic);
    nic->infiniband = true;
    read_line(folder, "ports/1/state", state, sizeof(state));
    if (state[0] != '\0') {
        nic->state = strstr(state, "ACTIVE") ? SPAR_NIC_UP : SPAR_NIC_DOWN;
    }
    rate = read_number(folder, "ports/1/rate", 0);
    nic->rate = rate > 0 ? rate * 1e9 / 8 : 0;
    return true;
}

typedef bool reader_t(const char *folder, const char *name, bool hardware,
                      spar_nic_t *nic);

static int by_name(const void *a, const void *b)
{
    return strcmp(((const spar_nic_t *)a)->name, ((const spar_nic_t *)b)->name);
}

/* Appends those of one folder, in the order of their names. */
static size_t add_class(const char *sys, const char *class, reader_t *read,
                        bool hardware, spar_nic_t *nics, size_t count)
{
    char path[PATH_MAX / 2], folder[PATH_MAX];
    size_t first = count;
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), "%s/class/%s", sys, class);
    directory = opendir(path);
    if (!directory) {
        return count;
    }
    while (count < SPAR_NICS && (entry = readdir(directory))) {
        snprintf(folder, sizeof(folder), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' &&
            read(folder, entry->d_name, hardware, &nics[count])) {
            count++;
        }
    }
    closedir(directory);
    qsort(nics + first, count - first, sizeof(*nics), by_name);
    return count;
}

size_t spar_nic_list(const char *sys, spar_nic_t *nics)
{
    size_t count = add_class(sys, "infiniband", read_infiniband, true, nics, 0);

    count = add_class(sys, "net", read_net, true, nics, count);
    return add_class(sys, "net", read_net, false, nics, count);
}

void spar_nic_add_addresses(spar_nic_t *nics, size_t count)
{
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) != 0) {
        return;
    }
    for (struct ifaddrs *each = all; each; each = each->ifa_next) {
        for (size_t i = 0; i < count; i++) {
            if (each->ifa_addr && each->ifa_netmask &&
                each->ifa_addr->sa_family == AF_INET &&
                strcmp(each->ifa_name, nics[i].name) == 0) {
                const struct sockaddr_in *address =
                    (const void *)each->ifa_addr;
                const struct sockaddr_in *mask =
                    (const void *)each->ifa_netmask;

                nics[i].address = ntohl(address->sin_addr.s_addr);
                nics[i].mask = ntohl(mask->sin_addr.s_addr);
            }
        }
    }
    freeifaddrs(all);
}
