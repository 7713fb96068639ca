#include "policy/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Of what is available when a process asks, shared by all of them. As this
 * shrinks by what has been taken, a fifth of what there was at first. */
#define SHARE 4

/* Where a version of control groups tells what. */
typedef struct group_files {
    const char *folder;
    const char *limit;
    const char *used;
    const char *cached; /* in memory.stat: part of it that can be dropped */
} group_files_t;

static const group_files_t version1 = {
    "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
    "total_inactive_file "};
static const group_files_t version2 = {"/sys/fs/cgroup", "memory.max",
                                       "memory.current", "inactive_file "};

/* The number behind `key` at the beginning of a line. */
static bool read_number(const char *path, const char *key, uint64_t *number_p)
{
    size_t length = strlen(key);
    FILE *stream = fopen(path, "r");
    char line[256];
    bool found = false;

    while (stream != NULL && !found && fgets(line, sizeof(line), stream)) {
        char *end = line + length;

        if (strncmp(line, key, length) == 0) {
            uint64_t number = strtoull(line + length, &end, 10);

            found = end != line + length;
            *number_p = found ? number : *number_p;
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return found;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What one group leaves. Without a limit ("max"): all. */
static uint64_t left_in(const char *folder, const group_files_t *files)
{
    char path[PATH_MAX];
    uint64_t limit, used, cached = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, files->limit);
    if (!read_number(path, "", &limit)) {
        return UINT64_MAX;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, files->used);
    if (!read_number(path, "", &used)) {
        return UINT64_MAX;
    }
    snprintf(path, sizeof(path), "%s/memory.stat", folder);
    (void)read_number(path, files->cached, &cached);
    used -= least(used, cached);
    return limit - least(limit, used);
}

/* Of a group and those above it. In a container some may not be seen, and
 * its own one is the topmost. */
static uint64_t left_in_all(const char *root, const group_files_t *files,
                            char *group)
{
    char folder[PATH_MAX];
    uint64_t left = UINT64_MAX;
    char *slash;

    do {
        snprintf(folder, sizeof(folder), "%s%s%s", root, files->folder, group);
        left = least(left, left_in(folder, files));
        slash = strrchr(group, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    } while (slash != NULL);
    return left;
}

/* Lines are number:controllers:group; version 2 has no controllers. */
static uint64_t left_in_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (group == NULL) {
        return UINT64_MAX;
    }
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (controllers[1] == '\0') {
        return left_in_all(root, &version2, group);
    }
    return strstr(controllers, "memory") != NULL
               ? left_in_all(root, &version1, group)
               : UINT64_MAX;
}

static uint64_t left_in_groups(const char *root)
{
    char path[PATH_MAX], line[PATH_MAX];
    uint64_t left = UINT64_MAX;
    FILE *stream;

    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    stream = fopen(path, "r");
    while (stream != NULL && fgets(line, sizeof(line), stream)) {
        left = least(left, left_in_line(root, line));
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return left;
}

static bool may_grow(int resource)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

uint64_t spar_memory_available(const char *root)
{
    char path[PATH_MAX];
    uint64_t kilobytes;

    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    if (!may_grow(RLIMIT_AS) || !may_grow(RLIMIT_DATA) ||
        !read_number(path, "MemAvailable:", &kilobytes)) {
        return 0;
    }
    return least(kilobytes * 1024, left_in_groups(root));
}

bool spar_memory_affords(uint64_t available, int processes, uint64_t taken,
                         uint64_t bytes)
{
    uint64_t share = available / SHARE / (uint64_t)processes;

    return taken <= share && bytes <= share - taken;
}
