#include "internal.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define LEAVE  __sanitizer_start_switch_fiber
#define ARRIVE __sanitizer_finish_switch_fiber
#else
#define LEAVE  leave_stack
#define ARRIVE arrive_at_stack

/* AddressSanitizer wants to know; nobody else. */
static inline void leave_stack(void **fake_p, const void *stack, size_t bytes)
{
    (void)stack;
    (void)bytes;
    *fake_p = NULL;
}

static inline void arrive_at_stack(void *fake, const void **stack_p,
                                   size_t *bytes_p)
{
    (void)fake;
    (void)stack_p;
    (void)bytes_p;
}
#endif

#define STACK   (256u * 1024u)
#define THREADS 1024u
#define LANES   32u

typedef enum state {
    READY,
    AT_BARRIER,
    AT_WARP, /* waits for the lanes of its mask */
    DONE
} state_t;

typedef struct fiber {
    jmp_buf place;
    ucontext_t first;
    char *stack;
    void *fake; /* AddressSanitizer's */
    bool begun;
    state_t state;
    spar_emulated_dim_t thread;
    unsigned number;
    unsigned mask;
    uint64_t value;
    uint64_t seen[LANES];
} fiber_t;

spar_emulated_dim_t spar_emulated_thread, spar_emulated_block;
spar_emulated_dim_t spar_emulated_block_size, spar_emulated_grid_size;

static fiber_t *fibers[THREADS];
static unsigned number; /* threads of a block */
static fiber_t *current;
static jmp_buf scheduler;
static void *scheduler_fake;
static const void *scheduler_stack;
static size_t scheduler_bytes;
static void (*body)(void *);
static void *argument;
static void *shared_memory;
static int barrier_sum, barrier_result;

/* Back to the scheduler, until it comes round again. */
static void leave(void)
{
    fiber_t *fiber = current;

    LEAVE(&fiber->fake, scheduler_stack, scheduler_bytes);
    if (_setjmp(fiber->place) == 0) {
        _longjmp(scheduler, 1);
    }
    ARRIVE(fiber->fake, &scheduler_stack, &scheduler_bytes);
}

/* Of a fiber, which runs one thread of each block. */
static void live(void)
{
    ARRIVE(NULL, &scheduler_stack, &scheduler_bytes);
    for (;;) {
        body(argument);
        current->state = DONE;
        leave();
    }
}

static void resume(fiber_t *fiber)
{
    current = fiber;
    spar_emulated_thread = fiber->thread;
    LEAVE(&scheduler_fake, fiber->stack, STACK);
    if (_setjmp(scheduler) == 0) {
        if (!fiber->begun) {
            fiber->begun = true;
            setcontext(&fiber->first);
        }
        _longjmp(fiber->place, 1);
    }
    ARRIVE(scheduler_fake, NULL, NULL);
}

static fiber_t *make(unsigned index)
{
    fiber_t *fiber = calloc(1, sizeof(*fiber));
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (fiber == NULL || stack == MAP_FAILED) {
        spar_emulated_forbidden("no memory for thread %u", index);
    }
    fiber->stack = stack;
    fiber->number = index;
    getcontext(&fiber->first);
    fiber->first.uc_stack.ss_sp = stack;
    fiber->first.uc_stack.ss_size = STACK;
    fiber->first.uc_link = NULL;
    makecontext(&fiber->first, live, 0);
    return fiber;
}

static void begin_block(void)
{
    for (unsigned i = 0; i < number; i++) {
        if (fibers[i] == NULL) {
            fibers[i] = make(i);
        }
        fibers[i]->state = READY;
    }
    barrier_sum = 0;
}

/* Once all threads that are left stand there. Whether they do. */
static bool open_barrier(void)
{
    unsigned waiting = 0;

    for (unsigned i = 0; i < number; i++) {
        if (fibers[i]->state == READY || fibers[i]->state == AT_WARP) {
            return false;
        }
        waiting += fibers[i]->state == AT_BARRIER;
    }
    if (waiting == 0) {
        return false;
    }
    for (unsigned i = 0; i < number; i++) {
        if (fibers[i]->state == AT_BARRIER) {
            fibers[i]->state = READY;
        }
    }
    barrier_result = barrier_sum;
    barrier_sum = 0;
    return true;
}

/* One turn of all threads that are ready, in some order. */
static bool turn(void)
{
    uint64_t random = spar_emulated_random();
    bool any = false;

    for (unsigned i = 0; i < number; i++) {
        unsigned place = (random & 1u) != 0 ? number - 1 - i : i;
        fiber_t *fiber = fibers[(place + (random >> 1)) % number];

        if (fiber->state == READY) {
            resume(fiber);
            any = true;
        }
    }
    return any;
}

static void run_block(void)
{
    begin_block();
    while (turn() || open_barrier()) {
    }
    for (unsigned i = 0; i < number; i++) {
        if (fibers[i]->state != DONE) {
            spar_emulated_forbidden("thread %u of block %u waits in vain", i,
                                    spar_emulated_block.x);
        }
    }
}

/* Blocks in another order: a step that has no factor in common with their
 * number. */
static uint64_t stride(uint64_t blocks, uint64_t random)
{
    uint64_t step = random % blocks;

    for (;; step++) {
        uint64_t a = step;
        uint64_t b = blocks;

        while (b != 0) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) {
            return step;
        }
    }
}

static void set_threads(spar_emulated_dim_t block)
{
    number = block.x * block.y * block.z;
    begin_block();
    for (unsigned i = 0; i < number; i++) {
        fibers[i]->thread.x = i % block.x;
        fibers[i]->thread.y = i / block.x % block.y;
        fibers[i]->thread.z = i / block.x / block.y;
    }
}

void spar_emulated_run(spar_emulated_dim_t grid, spar_emulated_dim_t block,
                       size_t shared, void (*run)(void *), void *closure)
{
    uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
    uint64_t random = spar_emulated_random();
    uint64_t step = random != 0 ? stride(blocks, random) : 1;

    body = run;
    argument = closure;
    shared_memory = aligned_alloc(64, (shared + 64) / 64 * 64);
    spar_emulated_block_size = block;
    spar_emulated_grid_size = grid;
    set_threads(block);
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t place = (i * step + random % blocks) % blocks;

        memset(shared_memory, 0xff, shared);
        spar_emulated_block.x = (unsigned)(place % grid.x);
        spar_emulated_block.y = (unsigned)(place / grid.x % grid.y);
        spar_emulated_block.z = (unsigned)(place / grid.x / grid.y);
        run_block();
    }
    free(shared_memory);
    shared_memory = NULL;
}

int spar_emulated_barrier(int value)
{
    barrier_sum += value;
    current->state = AT_BARRIER;
    leave();
    return barrier_result;
}

unsigned spar_emulated_lane(void)
{
    return current->number % LANES;
}

void *spar_emulated_shared(void)
{
    return shared_memory;
}

static fiber_t *lane_of(const fiber_t *fiber, unsigned lane)
{
    unsigned index = fiber->number / LANES * LANES + lane;

    return index < number ? fibers[index] : NULL;
}

/* Whether all lanes of this one's mask have come with the same mask. */
static bool complete(const fiber_t *fiber)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        if ((fiber->mask >> lane & 1u) == 0) {
            continue;
        }
        const fiber_t *other = lane_of(fiber, lane);
        if (other == NULL || other->state == DONE) {
            spar_emulated_forbidden("a warp function of mask %x waits for lane "
                                    "%u, which is over",
                                    fiber->mask, lane);
        }
        if (other->state != AT_WARP || other->mask != fiber->mask) {
            return false;
        }
    }
    return true;
}

const uint64_t *spar_emulated_exchange(unsigned mask, uint64_t value)
{
    fiber_t *fiber = current;

    if ((mask >> spar_emulated_lane() & 1u) == 0) {
        spar_emulated_forbidden("lane %u is not in its own mask %x",
                                spar_emulated_lane(), mask);
    }
    fiber->mask = mask;
    fiber->value = value;
    fiber->state = AT_WARP;
    if (!complete(fiber)) {
        leave();
        return fiber->seen;
    }
    for (unsigned to = 0; to < LANES; to++) {
        if ((mask >> to & 1u) != 0) {
            fiber_t *other = lane_of(fiber, to);

            for (unsigned from = 0; from < LANES; from++) {
                other->seen[from] =
                    (mask >> from & 1u) != 0 ? lane_of(fiber, from)->value : 0;
            }
            other->state = READY;
        }
    }
    return fiber->seen;
}
