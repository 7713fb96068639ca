/*
 * A library behind Spar on one rank of which an allocation fails, if libspar.so
 * itself makes it: FAILING_NUMBER says which one (from 1; 0: none),
 * FAILING_RANK on which rank of Open MPI's or MPICH's job. At the end that rank
 * says how many there were. While the program has set FAILING_NOW, all of at
 * least so many bytes fail; those of FAILING_BYTES bytes always do.
 */
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, under the names that it keeps for this purpose. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static uintptr_t code_begin, code_end; /* of libspar.so; 0: not this rank */
static atomic_ulong allocations;
static unsigned long fatal;
static size_t fatal_bytes;

static int find_code(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (strstr(object->dlpi_name, "/libspar.so") == NULL) {
        return 0;
    }
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            code_begin = object->dlpi_addr + part->p_vaddr;
            code_end = code_begin + part->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    const char *wanted = getenv("FAILING_RANK");
    const char *number = getenv("FAILING_NUMBER");
    const char *bytes = getenv("FAILING_BYTES");

    rank = rank != NULL ? rank : getenv("PMI_RANK");
    if (rank != NULL && wanted != NULL && strcmp(rank, wanted) == 0) {
        fatal = number != NULL ? strtoul(number, NULL, 10) : 0;
        fatal_bytes = bytes != NULL ? strtoul(bytes, NULL, 10) : 0;
        dl_iterate_phdr(find_code, NULL);
    }
}

__attribute__((destructor)) static void end(void)
{
    if (code_begin != 0) {
        fprintf(stderr, "failing_malloc: %lu allocations\n",
                atomic_load(&allocations));
    }
}

static bool is_hungry(size_t bytes)
{
    const char *least = getenv("FAILING_NOW");

    return least != NULL && bytes >= strtoul(least, NULL, 10);
}

static bool fails(const void *caller, size_t bytes)
{
    uintptr_t place = (uintptr_t)caller;
    bool now;

    if (place < code_begin || place >= code_end) {
        return false;
    }
    now = atomic_fetch_add(&allocations, 1) + 1 == fatal ||
          (fatal_bytes > 0 && bytes == fatal_bytes) || is_hungry(bytes);
    if (now) {
        errno = ENOMEM;
    }
    return now;
}

void *malloc(size_t bytes)
{
    return fails(__builtin_return_address(0), bytes) ? NULL
                                                     : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails(__builtin_return_address(0), count * bytes)
               ? NULL
               : __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    return fails(__builtin_return_address(0), bytes)
               ? NULL
               : __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return fails(__builtin_return_address(0), bytes)
               ? NULL
               : __libc_memalign(alignment, bytes);
}
