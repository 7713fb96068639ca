/*
 * A trainer whose gradients are in a device's memory: prints a hash of all bits
 * that its sums deliver, which must be those of the same trainer on the host.
 * Calls are blocking and not, in place and not, of floats, doubles and halves,
 * with NaN in some step and a flush in another one.
 *
 * Arguments, any number of them:
 * - large: one call that Spar exchanges in pieces
 * - persistent: all calls are, without NaN, since MPI's own know no device
 * - half: also 16-bit floats
 * - exact: gradients of few bits, of which everything has to be delivered in
 *   the end, whatever fails
 * - scaled: with a loss scale that jumps
 *
 * Environment:
 * - DEVICE_PLACE: host; device; odd, a device on odd ranks; managed; apart, the
 *   gradient on the host and the sum on a device, or the other way round;
 *   turns, buffers in place are on the host, then on a device, then on the host
 * - DEVICE_RANK: the rank whose device fails after DEVICE_ALLOCATIONS,
 *   DEVICE_LAUNCHES or DEVICE_LOST more, or with DEVICE_OLD_DRIVER cannot be
 *   used (emulated.h)
 * - DEVICE_SHORT: a last call names more memory than there is
 * - DEVICE_FREED: a last call names memory that was freed
 * - DEVICE_HUNGRY: rank 1 has no memory for an array of a gradient while
 *   buffers that take turns are on a device (failing_malloc.c)
 * - DEVICE_FLUSH: late, only in the last step
 * - DEVICE_STEPS: fewer or more
 */
#include <cuda_runtime.h>
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "emulated.h"
#include "gradients.h"
#include "persistent.h"

#define STEPS       30
#define LARGE_STEPS 10
#define MOST_CALLS  7

typedef enum kind {
    FLOAT,
    DOUBLE,
    HALF
} kind_t;

typedef struct call {
    kind_t kind;
    int count;
    bool nonblocking;
    bool out_of_place;
    void *gradient;
    void *result;
    void *elsewhere; /* takes turns with the gradient, in place */
    bool gradient_far, result_far;
    double *owed; /* exact: all gradients of all ranks, less what came */
    MPI_Request persistent;
} call_t;

static const call_t all_calls[MOST_CALLS] = {
    {.kind = FLOAT, .count = 20000},
    {.kind = DOUBLE, .count = 5001, .out_of_place = true},
    {.kind = FLOAT, .count = 40001, .nonblocking = true},
    {.kind = FLOAT, .count = 6000, .nonblocking = true, .out_of_place = true},
    {.kind = FLOAT, .count = 4097, .nonblocking = true},
    {.kind = HALF, .count = 9001},
    {.kind = FLOAT, .count = 4300001}};

static int rank, size, steps;
static bool exact, scaled, persistent;
static uint64_t hash = 1;
static MPI_Datatype half_type;
static MPI_Op half_sum;

static bool place_is(const char *name)
{
    const char *place = getenv("DEVICE_PLACE");

    return place != NULL && strcmp(place, name) == 0;
}

static bool is_mode(int argc, char **argv, const char *name)
{
    bool is = false;

    for (int i = 1; i < argc; i++) {
        is = is || strcmp(argv[i], name) == 0;
    }
    return is;
}

static size_t bytes_of(const call_t *call)
{
    return (size_t)call->count * (call->kind == FLOAT    ? 4
                                  : call->kind == DOUBLE ? 8
                                                         : 2);
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "rank %d: %s failed\n", rank, what);
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
}

static void add_halves(void *in, void *out, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++) {
        ((uint16_t *)out)[i] =
            spar_half_round(spar_half_load(SPAR_DTYPE_F16, in, (uint64_t)i) +
                            spar_half_load(SPAR_DTYPE_F16, out, (uint64_t)i));
    }
}

static void *allocate(const call_t *call, bool far)
{
    void *memory = NULL;

    if (place_is("managed")) {
        must(cudaMallocManaged(&memory, bytes_of(call), cudaMemAttachGlobal) ==
                 cudaSuccess,
             "cudaMallocManaged");
    } else if (far) {
        must(cudaMalloc(&memory, bytes_of(call)) == cudaSuccess, "cudaMalloc");
    } else {
        memory = malloc(bytes_of(call));
    }
    must(memory != NULL, "allocation");
    return memory;
}

static void release(void *memory, bool far)
{
    if (far || place_is("managed")) {
        cudaFree(memory);
    } else {
        free(memory);
    }
}

static void set_up(call_t *call, int slot)
{
    bool far = place_is("device") || (place_is("odd") && rank % 2 == 1);
    bool first = place_is("apart") && slot % 2 == rank % 2;

    call->gradient_far = far || first;
    call->result_far = call->out_of_place ? far || (place_is("apart") && !first)
                                          : call->gradient_far;
    call->gradient = allocate(call, call->gradient_far);
    call->result =
        call->out_of_place ? allocate(call, call->result_far) : call->gradient;
    call->elsewhere =
        place_is("turns") && !call->out_of_place ? allocate(call, true) : NULL;
    call->owed = calloc((size_t)call->count, sizeof(double));
    must(call->owed != NULL, "allocation");
    call->persistent = MPI_REQUEST_NULL;
}

static void move(call_t *call, int step)
{
    void *before = call->gradient;

    if (call->elsewhere != NULL && (step == steps / 2 || step == steps - 5)) {
        call->gradient = call->result = call->elsewhere;
        call->elsewhere = before;
        call->gradient_far = call->result_far = !call->gradient_far;
    }
}

static void tear_down(call_t *call)
{
    if (call->persistent != MPI_REQUEST_NULL) {
        MPI_Request_free(&call->persistent);
    }
    if (call->out_of_place) {
        release(call->result, call->result_far);
    }
    if (call->elsewhere != NULL) {
        release(call->elsewhere, !call->gradient_far);
    }
    release(call->gradient, call->gradient_far);
    free(call->owed);
}

static MPI_Datatype type_of(const call_t *call)
{
    return call->kind == FLOAT    ? MPI_FLOAT
           : call->kind == DOUBLE ? MPI_DOUBLE
                                  : half_type;
}

static double value_of(int of, int step, int slot, int i)
{
    double scale = scaled && step >= steps - 6 ? 1024.0 : 1.0;

    return gradient_sample(of, step, slot, i) * scale / (exact ? 1.0 : 3.0);
}

static void put(const call_t *call, void *data, int i, double value)
{
    if (call->kind == HALF) {
        ((uint16_t *)data)[i] = spar_half_round((float)value);
    } else {
        gradient_set(call->kind == DOUBLE, data, i, value);
    }
}

/* NaN on one rank, and halves whose sum is too large */
static void spoil(const call_t *call, void *host, int step)
{
    if (step == steps * 2 / 3 && rank == 1) {
        put(call, host, call->count / 2, NAN);
    }
    if (call->kind == HALF && step == steps * 5 / 6) {
        put(call, host, 5, 60000.0);
    }
}

static void fill(call_t *call, int step, int slot)
{
    void *host = malloc(bytes_of(call));

    must(host != NULL, "allocation");
    for (int i = 0; i < call->count; i++) {
        put(call, host, i, value_of(rank, step, slot, i));
        for (int of = 0; exact && of < size; of++) {
            call->owed[i] += value_of(of, step, slot, i);
        }
    }
    if (!exact && !persistent) {
        spoil(call, host, step);
    }
    must(cudaMemcpy(call->gradient, host, bytes_of(call), cudaMemcpyDefault) ==
             cudaSuccess,
         "cudaMemcpy");
    free(host);
}

static void post(call_t *call, MPI_Request *request)
{
    const void *from = call->out_of_place ? call->gradient : MPI_IN_PLACE;
    MPI_Op op = call->kind == HALF ? half_sum : MPI_SUM;

    *request = MPI_REQUEST_NULL;
    if (call->persistent != MPI_REQUEST_NULL) {
        MPI_Start(&call->persistent);
        MPI_Wait(&call->persistent, MPI_STATUS_IGNORE);
    } else if (call->nonblocking) {
        MPI_Iallreduce(from, call->result, call->count, type_of(call), op,
                       MPI_COMM_WORLD, request);
    } else {
        MPI_Allreduce(from, call->result, call->count, type_of(call), op,
                      MPI_COMM_WORLD);
    }
}

static void look(call_t *call)
{
    void *host = malloc(bytes_of(call));

    must(host != NULL, "allocation");
    must(cudaMemcpy(host, call->result, bytes_of(call), cudaMemcpyDefault) ==
             cudaSuccess,
         "cudaMemcpy");
    hash = hash * 31 + gradient_hash(host, bytes_of(call));
    for (int i = 0; exact && i < call->count; i++) {
        call->owed[i] -= gradient_get(call->kind == DOUBLE, host, i);
    }
    free(host);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void break_device(int step)
{
    spar_emulated_fail_t fail = {
        .allocations = number_of("DEVICE_ALLOCATIONS", UINT64_MAX),
        .launches = number_of("DEVICE_LAUNCHES", UINT64_MAX),
        .lost = number_of("DEVICE_LOST", UINT64_MAX),
        .old_driver = getenv("DEVICE_OLD_DRIVER") != NULL};

    if (step == 0 && number_of("DEVICE_RANK", UINT64_MAX) == (uint64_t)rank) {
        spar_emulated_fail(&fail);
    }
}

static void starve(int step)
{
    if (getenv("DEVICE_HUNGRY") == NULL || rank != 1) {
        return;
    }
    if (step == steps / 2) {
        setenv("FAILING_NOW", "16000", 1);
    } else if (step == steps - 5) {
        unsetenv("FAILING_NOW");
    }
}

static void control(int step)
{
    if (step == steps * 3 / 4 && rank == 0 && getenv("DEVICE_FLUSH") == NULL) {
        MPI_Pcontrol(2);
    }
    if (exact && step == steps - 1) {
        MPI_Pcontrol(2);
    }
}

static void train(call_t *calls, int number)
{
    for (int step = 0; step < steps; step++) {
        MPI_Request requests[MOST_CALLS];

        break_device(step);
        control(step);
        starve(step);
        for (int slot = 0; slot < number; slot++) {
            move(&calls[slot], step);
            fill(&calls[slot], step, slot);
            post(&calls[slot], &requests[slot]);
        }
        MPI_Waitall(number, requests, MPI_STATUSES_IGNORE);
        for (int slot = 0; slot < number; slot++) {
            look(&calls[slot]);
        }
    }
}

static int choose(int argc, char **argv, call_t *calls)
{
    bool large = is_mode(argc, argv, "large");
    bool half = is_mode(argc, argv, "half");
    int number = 0;

    for (int i = 0; i < MOST_CALLS; i++) {
        bool taken = i == MOST_CALLS - 1 || large
                         ? i == MOST_CALLS - 1 && large
                         : all_calls[i].kind != HALF || half;

        if (taken) {
            calls[number++] = all_calls[i];
        }
    }
    steps = (int)number_of("DEVICE_STEPS", large ? LARGE_STEPS : STEPS);
    exact = is_mode(argc, argv, "exact");
    scaled = is_mode(argc, argv, "scaled");
    persistent = is_mode(argc, argv, "persistent");
    return number;
}

static void make_persistent(call_t *call)
{
    persistent_allreduce(call->out_of_place ? call->gradient : MPI_IN_PLACE,
                         call->result, call->count, type_of(call), MPI_SUM,
                         MPI_COMM_WORLD, &call->persistent);
}

/* Nothing was lost or made up. */
static void check_sums(const call_t *calls, int number)
{
    int wrong = 0;

    for (int slot = 0; slot < number; slot++) {
        for (int i = 0; i < calls[slot].count; i++) {
            wrong += calls[slot].owed[i] != 0;
        }
    }
    if (wrong > 0) {
        fprintf(stderr, "rank %d: %d elements have wrong sums\n", rank, wrong);
    }
    MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0 && wrong == 0) {
        printf("sums are right\n");
    }
}

/* Of all results, the same on every rank. */
static void tell_bits(void)
{
    uint64_t range[2] = {hash, ~hash};

    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX,
                  MPI_COMM_WORLD);
    must(range[0] == ~range[1], "equal results on all ranks");
    if (rank == 0) {
        printf("bits: %016" PRIx64 "\n", hash);
    }
}

static void make_bad_call(const call_t *call)
{
    if (number_of("DEVICE_FREED", 0) > 0) {
        cudaFree(call->result);
        MPI_Allreduce(MPI_IN_PLACE, call->result, call->count, MPI_FLOAT,
                      MPI_SUM, MPI_COMM_WORLD);
    }
    if (number_of("DEVICE_SHORT", 0) > 0) {
        MPI_Allreduce(MPI_IN_PLACE, call->result, 2 * call->count, MPI_FLOAT,
                      MPI_SUM, MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv)
{
    call_t calls[MOST_CALLS];
    int number = choose(argc, argv, calls);

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Type_contiguous(2, MPI_BYTE, &half_type);
    MPI_Type_commit(&half_type);
    MPI_Op_create(add_halves, 1, &half_sum);
    for (int slot = 0; slot < number; slot++) {
        set_up(&calls[slot], slot);
        if (persistent) {
            make_persistent(&calls[slot]);
        }
    }
    train(calls, number);
    tell_bits();
    if (exact) {
        check_sums(calls, number);
    }
    make_bad_call(&calls[0]);
    for (int slot = 0; slot < number; slot++) {
        tear_down(&calls[slot]);
    }
    MPI_Op_free(&half_sum);
    MPI_Type_free(&half_type);
    MPI_Finalize();
    return 0;
}
