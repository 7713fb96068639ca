/* Spar: a folder that looks like /sys, for tests of policy/nic.h. */
#ifndef SPAR_TESTS_SYS_H
#define SPAR_TESTS_SYS_H

#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SYS_PATH 512

typedef struct sys {
    char root[64];
} sys_t;

static inline sys_t sys_make(void)
{
    sys_t sys = {"/tmp/spar_sys_XXXXXX"};

    assert_non_null(mkdtemp(sys.root));
    return sys;
}

/* Writes a line to root/file, and makes the folders on the way. */
static inline void sys_write(const sys_t *sys, const char *file,
                             const char *line)
{
    char path[SYS_PATH];
    FILE *stream;

    snprintf(path, sizeof(path), "%s/%s", sys->root, file);
    for (char *slash = path + sizeof("/tmp"); *slash != '\0'; slash++) {
        if (*slash == '/') {
            *slash = '\0';
            (void)mkdir(path, 0700);
            *slash = '/';
        }
    }
    stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream, "%s\n", line);
    fclose(stream);
}

/* An Ethernet interface; numa NULL: it is virtual. */
static inline void sys_add_net(const sys_t *sys, const char *name,
                               const char *state, const char *speed,
                               const char *numa)
{
    char file[SYS_PATH / 2];

    snprintf(file, sizeof(file), "class/net/%s/operstate", name);
    sys_write(sys, file, state);
    snprintf(file, sizeof(file), "class/net/%s/speed", name);
    sys_write(sys, file, speed);
    snprintf(file, sizeof(file), "class/net/%s/type", name);
    sys_write(sys, file, "1");
    if (numa) {
        snprintf(file, sizeof(file), "class/net/%s/device/numa_node", name);
        sys_write(sys, file, numa);
    }
}

static inline int sys_remove_one(const char *path, const struct stat *status,
                                 int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static inline void sys_remove(const sys_t *sys)
{
    assert_int_equal(nftw(sys->root, sys_remove_one, 8, FTW_DEPTH | FTW_PHYS),
                     0);
}

#endif
