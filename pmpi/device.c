#include "pmpi/device.h"

#include "base/log.h"
#include "pmpi/engine.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define DRIVER  "libcuda.so.1"
#define LIBRARY "spar/libspar_cuda.so"

/* The driver's numbers, as cuda.h has them. */
#define ATTRIBUTE_MEMORY_TYPE 2
#define ATTRIBUTE_IS_MANAGED  8
#define MEMORY_TYPE_DEVICE    2

/* cuPointerGetAttributes. Of memory that it does not know, the numbers are 0.
 */
typedef int attributes_t(unsigned number, int *names, void **values,
                         uint64_t pointer);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Of the objects that the process has loaded, at the last look for a driver. */
static atomic_uint_fast64_t objects;
static _Atomic(attributes_t *) driver; /* NULL: not loaded */
static _Atomic(const spar_cuda_ops_t *) library;
static bool asked; /* for the library; guarded by `lock` */
static atomic_bool complained;
static atomic_bool said_unusable;

const spar_cuda_ops_t *spar_device_ops(void)
{
    return atomic_load_explicit(&library, memory_order_acquire);
}

static int count_loads(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    *(uint64_t *)argument = info->dlpi_adds;
    return 1; /* all objects tell the same */
}

/* Functions and objects have pointers of one kind here: POSIX. */
static void find_symbol(void *handle, const char *name, void *symbol_p)
{
    void *symbol = dlsym(handle, name);

    memcpy(symbol_p, &symbol, sizeof(symbol));
}

/* A driver that is not there yet can only come with another object. */
static bool has_driver(void)
{
    attributes_t *found = NULL;
    uint64_t loads = 0;
    void *handle;

    if (atomic_load_explicit(&driver, memory_order_acquire) != NULL) {
        return true;
    }
    dl_iterate_phdr(count_loads, &loads);
    if (loads == atomic_load_explicit(&objects, memory_order_relaxed)) {
        return false;
    }
    handle = dlopen(DRIVER, RTLD_LAZY | RTLD_NOLOAD);
    if (handle != NULL) {
        find_symbol(handle, "cuPointerGetAttributes", &found);
        atomic_store_explicit(&driver, found, memory_order_release);
    }
    atomic_store_explicit(&objects, loads, memory_order_relaxed);
    return found != NULL;
}

/* The driver's own word, without the library: the type of memory, or 0 where it
 * does not know it. */
static uint32_t ask_driver(const void *buffer, bool *managed_p)
{
    attributes_t *attributes = atomic_load(&driver);
    int names[] = {ATTRIBUTE_MEMORY_TYPE, ATTRIBUTE_IS_MANAGED};
    uint32_t type = 0, managed = 0;
    void *values[] = {&type, &managed};

    if (attributes(2, names, values, (uint64_t)(uintptr_t)buffer) != 0) {
        type = managed = 0;
    }
    *managed_p = managed != 0;
    return type;
}

static bool is_device_memory(const void *buffer)
{
    bool managed;

    return ask_driver(buffer, &managed) == MEMORY_TYPE_DEVICE && !managed;
}

static bool is_known(const void *buffer)
{
    bool managed;

    return ask_driver(buffer, &managed) != 0 || managed;
}

/* A device's memory that was freed looks like the host's: the kernel can read
 * its first and last byte then, or not. Where it may not be asked, it is taken
 * to. Registered and managed memory may be closed to it, and is not asked
 * about. */
static bool is_readable(const void *buffer, uint64_t bytes)
{
    char copy[2];
    struct iovec here = {.iov_base = copy, .iov_len = sizeof(copy)};
    struct iovec there[] = {
        {.iov_base = (char *)buffer, .iov_len = 1},
        {.iov_base = (char *)buffer + bytes - 1, .iov_len = 1}};
    ssize_t got = process_vm_readv(getpid(), &here, 1, there, 2, 0);

    return got == (ssize_t)sizeof(copy) || (got < 0 && errno != EFAULT);
}

/* Beside libspar.so, or where the user says. */
static void name_library(char *name, size_t size)
{
    const char *given = spar_engine.config.cuda_library;
    Dl_info self;
    const char *slash;

    if (strcmp(given, "auto") != 0) {
        snprintf(name, size, "%s", given);
        return;
    }
    name[0] = '\0';
    if (dladdr(&objects, &self) != 0 && self.dli_fname != NULL) {
        slash = strrchr(self.dli_fname, '/');
        snprintf(name, size, "%.*s" LIBRARY,
                 slash == NULL ? 0 : (int)(slash + 1 - self.dli_fname),
                 self.dli_fname);
    }
}

/* Why gradients in a device's memory are left to MPI. */
static void say_missing(const char *cause)
{
    spar_log_write(spar_engine.rank == 0 ? SPAR_LOG_WARN : SPAR_LOG_INFO,
                   "gradients in a GPU's memory are left to MPI: %s", cause);
}

static void load_library(void)
{
    char name[1024], cause[256];
    const spar_cuda_ops_t *ops = NULL;
    const char *error;
    void *handle;

    if (strcmp(spar_engine.config.cuda_library, "off") == 0) {
        say_missing("SPAR_CUDA_LIBRARY is off (auto takes them over)");
        return;
    }
    name_library(name, sizeof(name));
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        error = dlerror();
        say_missing(error != NULL ? error : "libspar_cuda.so is not there");
        return;
    }
    find_symbol(handle, SPAR_CUDA_SYMBOL, &ops);
    if (ops == NULL || ops->version != SPAR_CUDA_VERSION) {
        snprintf(cause, sizeof(cause), "%s is of another version", name);
        say_missing(cause);
        dlclose(handle);
        return;
    }
    spar_info("a GPU's memory is reached by %s", name);
    atomic_store_explicit(&library, ops, memory_order_release);
}

static void ask_for_library(void)
{
    pthread_mutex_lock(&lock);
    if (!asked) {
        asked = true;
        load_library();
    }
    pthread_mutex_unlock(&lock);
}

static void complain(const char *what, const void *buffer, uint64_t bytes)
{
    if (!atomic_exchange(&complained, true)) {
        spar_warn("an allreduce names %llu bytes at %p: %s; left to MPI",
                  (unsigned long long)bytes, buffer, what);
    }
}

/* On any rank: of such a device the others know nothing. */
static void say_unusable(const char *cause)
{
    if (!atomic_exchange(&said_unusable, true)) {
        spar_warn("gradients in a GPU's memory are left to MPI: %s", cause);
    }
}

/* Of memory that is not a device's. */
static spar_device_place_t look_near(const void *buffer, uint64_t bytes,
                                     bool known)
{
    if (known || bytes == 0 || is_readable(buffer, bytes)) {
        return SPAR_DEVICE_NEAR;
    }
    complain("this memory cannot be read; was it a GPU's and freed?", buffer,
             bytes);
    return SPAR_DEVICE_BLIND;
}

static spar_device_place_t look_by_library(const spar_cuda_ops_t *ops,
                                           const void *buffer, uint64_t bytes,
                                           int *device_p)
{
    spar_cuda_place_t place = ops->locate(buffer, device_p);
    spar_status_t status;

    if (place != SPAR_CUDA_DEVICE) {
        return look_near(buffer, bytes,
                         place == SPAR_CUDA_MANAGED || is_known(buffer));
    }
    status = ops->check(buffer, bytes);
    if (status == SPAR_ERR_INVALID) {
        complain("a GPU's memory, which is not all there", buffer, bytes);
    } else if (status != SPAR_OK) {
        say_unusable(ops->cause());
    }
    return status == SPAR_OK ? SPAR_DEVICE_FAR : SPAR_DEVICE_BLIND;
}

spar_device_place_t spar_device_find(const void *buffer, uint64_t bytes,
                                     int *device_p)
{
    if (!has_driver()) {
        return SPAR_DEVICE_NEAR;
    }
    if (spar_device_ops() == NULL) {
        if (!is_device_memory(buffer)) {
            return look_near(buffer, bytes, is_known(buffer));
        }
        ask_for_library();
    }
    return spar_device_ops() == NULL
               ? SPAR_DEVICE_BLIND
               : look_by_library(spar_device_ops(), buffer, bytes, device_p);
}
