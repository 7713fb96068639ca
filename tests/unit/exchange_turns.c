/*
 * Machines of every kind on one transport with one tag, one after the other.
 * No rank waits for the others between two calls, so that a fast one begins
 * the next call while a slow one is still in the last.
 */
#include "unit.h"

#include "exchange/allgather.h"
#include "exchange/doubling.h"
#include "exchange/loopback.h"
#include "exchange/node.h"
#include "exchange/split.h"

#include <string.h>

#define RANKS    7
#define COUNT    60
#define CALLS    40
#define MACHINES 4
#define PATIENCE 100000

typedef struct rank {
    spar_exchange_t *machines[MACHINES];
    spar_split_state_t state;
    uint32_t indices[COUNT];
    float values[COUNT];
    spar_selection_t selection;
    float gradient[COUNT];
    float residual[COUNT];
    float out[COUNT];
    int calls; /* that were started */
    spar_status_t status;
} rank_t;

/* Above 0: a split has no use for sums that cancel out. */
static float gradient_of(int call, int rank, int i)
{
    return (float)((call * 31 + rank * 17 + i * 7) % 101 + 1);
}

/* One call in five is given up, by a rank that changes. */
static bool is_flagged(int call)
{
    return call % 5 == 3;
}

static bool is_eager(int call)
{
    return call % 3 != 0;
}

static spar_exchange_t *machine_of(rank_t *rank, int call)
{
    return rank->machines[(call + call / MACHINES) % MACHINES];
}

static void begin(rank_t *rank, int number)
{
    int turn = rank->calls++;
    spar_exchange_call_t call = {
        .header = {.slot = (uint32_t)turn,
                   .count = COUNT,
                   .flags = is_flagged(turn) && turn % RANKS == number
                                ? SPAR_WIRE_PAUSED
                                : 0},
        .selection = &rank->selection,
        .gradient = rank->gradient,
        .residual = rank->residual,
        .out = rank->out,
        .eager = is_eager(turn),
        .apply = true,
        .split = &rank->state};

    for (int i = 0; i < COUNT; i++) {
        rank->indices[i] = (uint32_t)i;
        rank->values[i] = rank->gradient[i] = gradient_of(turn, number, i);
        rank->out[i] = -1000;
    }
    assert_int_equal(spar_exchange_start(machine_of(rank, turn), &call),
                     SPAR_OK);
    rank->status = SPAR_INPROGRESS;
}

/* Everything is selected, so everything is delivered, or nothing. */
static void check(rank_t *rank)
{
    int turn = rank->calls - 1;

    assert_int_equal(rank->status, SPAR_OK);
    assert_int_equal(machine_of(rank, turn)->flags,
                     is_flagged(turn) ? SPAR_WIRE_PAUSED : 0);
    for (int i = 0; i < COUNT; i++) {
        float sum = 0;

        for (int other = 0; other < RANKS; other++) {
            sum += gradient_of(turn, other, i);
        }
        assert_true(rank->out[i] == (is_flagged(turn) ? -1000 : sum));
        assert_true(rank->residual[i] == 0);
    }
}

static void create(rank_t *rank, spar_transport_t *transport)
{
    static const int nodes[RANKS] = {0, 0, 1, 1, 1, 2, 0};
    const spar_exchange_size_t size = {.count = COUNT, .entries = COUNT};

    assert_int_equal(spar_allgather_create(transport, 1, &rank->machines[0]),
                     SPAR_OK);
    assert_int_equal(spar_doubling_create(transport, 1, &rank->machines[1]),
                     SPAR_OK);
    assert_int_equal(spar_split_create(transport, 1, &rank->machines[2]),
                     SPAR_OK);
    assert_int_equal(spar_node_create(transport, 1, nodes, &rank->machines[3]),
                     SPAR_OK);
    for (int i = 0; i < MACHINES; i++) {
        assert_int_equal(spar_exchange_reserve(rank->machines[i], &size),
                         SPAR_OK);
    }
    rank->selection.indices = rank->indices;
    rank->selection.values = rank->values;
    rank->selection.count = COUNT;
}

/* Without scratch, no call with entries. */
static void check_shrinking(rank_t *rank, int number)
{
    spar_exchange_t *machine = rank->machines[number];
    const spar_exchange_call_t call = {.header = {.count = COUNT},
                                       .selection = &rank->selection,
                                       .gradient = rank->gradient,
                                       .residual = rank->residual,
                                       .out = rank->out,
                                       .split = &rank->state};

    assert_true(machine->memory > 0);
    spar_exchange_shrink(machine);
    assert_int_equal(machine->memory, 0);
    assert_int_equal(spar_exchange_start(machine, &call), SPAR_ERR_INVALID);
}

static void machines_take_turns(void **state)
{
    const spar_loopback_faults_t faults = {
        .seed = 3, .max_delay = 9, .lost_rank = -1};
    static rank_t ranks[RANKS];
    spar_loopback_t *loopback;
    int ended = 0, ahead = 0;

    (void)state;
    assert_int_equal(spar_loopback_create(RANKS, &faults, &loopback), SPAR_OK);
    for (int i = 0; i < RANKS; i++) {
        create(&ranks[i], spar_loopback_transport(loopback, i));
        begin(&ranks[i], i);
    }
    for (int turn = 0; ended < RANKS * CALLS && turn < PATIENCE; turn++) {
        /* Some ranks are looked after more often than others. */
        int number = turn % 3 == 0 ? (turn / 3) % RANKS : turn % 2;
        rank_t *rank = &ranks[number];

        if (rank->status == SPAR_INPROGRESS) {
            rank->status =
                spar_exchange_progress(machine_of(rank, rank->calls - 1));
            if (rank->status != SPAR_INPROGRESS) {
                check(rank);
                ended++;
                if (rank->calls < CALLS) {
                    begin(rank, number);
                    ahead += rank->calls > ranks[RANKS - 1].calls;
                }
            }
        }
    }
    assert_int_equal(ended, RANKS * CALLS);
    assert_true(ahead > CALLS);
    for (int i = 0; i < RANKS; i++) {
        for (int j = 0; j < MACHINES; j++) {
            check_shrinking(&ranks[i], j);
            spar_exchange_destroy(ranks[i].machines[j]);
        }
    }
    assert_int_equal(spar_loopback_pending(loopback), 0);
    spar_loopback_destroy(loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(machines_take_turns)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
