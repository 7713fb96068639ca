#include "policy/placement.h"

#include "policy/placement_machine.h"

#include <stdio.h>
#include <string.h>

typedef struct node {
    const spar_placement_t *placement;
    const uint64_t *used;
    const uint64_t *own;
    hwloc_obj_t home; /* the first core of `own`; NULL: unknown */
    unsigned local_ranks;
    unsigned local_rank;
} node_t;

/* Free cores, the preferred ones first; in each part in logical order. */
typedef struct cores {
    hwloc_obj_t core[SPAR_PLACEMENT_PUS];
    unsigned count;
    unsigned preferred;
} cores_t;

typedef bool preference_t(const node_t *node, hwloc_obj_t core);

static hwloc_obj_t first_touched(const spar_placement_t *placement,
                                 const uint64_t *words)
{
    hwloc_obj_t core = NULL;

    do {
        core = spar_placement_next_core(placement, core);
    } while (core && !spar_placement_touches(core, words));
    return core;
}

static bool has_network(const node_t *node, hwloc_obj_t core)
{
    return spar_placement_network(node->placement, core) != NULL;
}

static bool is_near_home(const node_t *node, hwloc_obj_t core)
{
    return node->home && spar_placement_same_area(core, node->home);
}

static void append_free(const node_t *node, preference_t *preference,
                        bool wanted, cores_t *cores)
{
    hwloc_obj_t core = NULL;

    while ((core = spar_placement_next_core(node->placement, core))) {
        if (!spar_placement_touches(core, node->used) &&
            preference(node, core) == wanted) {
            cores->core[cores->count++] = core;
        }
    }
}

static void find_free(const node_t *node, preference_t *preference,
                      cores_t *cores)
{
    cores->count = 0;
    append_free(node, preference, true, cores);
    cores->preferred = cores->count;
    append_free(node, preference, false, cores);
}

/* Counts of cores */
typedef struct census {
    unsigned all;
    unsigned own;
    unsigned used;
    unsigned area;  /* used, near home */
    unsigned ahead; /* used, near home, and before `own` */
} census_t;

static census_t take_census(const node_t *node)
{
    census_t census = {0};
    hwloc_obj_t core = NULL;

    while ((core = spar_placement_next_core(node->placement, core))) {
        bool own = spar_placement_touches(core, node->own);
        bool used = own || spar_placement_touches(core, node->used);
        bool near = used && is_near_home(node, core);

        census.all++;
        census.own += own;
        census.used += used;
        census.area += near;
        census.ahead += near && census.own == 0;
    }
    return census;
}

/*
 * Ranks of other areas prefer other cores, so the turn of a rank is counted in
 * its own area: each rank there is taken to use as many cores as this one.
 * Where ranks share their cores, only the local rank tells them apart.
 */
static hwloc_obj_t pick_near_home(const node_t *node, const cores_t *cores)
{
    census_t census = take_census(node);
    unsigned turn = node->local_rank;

    if (cores->preferred == 0 || census.own == 0 || census.own == census.used) {
        return cores->core[turn % cores->count];
    }
    if (census.own >= census.area) {
        return cores->core[turn % cores->preferred];
    }
    turn = census.ahead / census.own;
    if (turn < cores->preferred) {
        return cores->core[turn];
    }
    /* From the end: the ranks there take theirs from the beginning. */
    turn = (turn - cores->preferred) % cores->count;
    return cores->core[cores->count - 1 - turn];
}

/* One order for all ranks of the node keeps their cores apart. NULL: no core
 * is free. */
static hwloc_obj_t pick(const node_t *node, unsigned *free_p)
{
    cores_t cores;

    find_free(node, has_network, &cores);
    *free_p = cores.count;
    if (cores.preferred > 0 && cores.preferred < cores.count) {
        return cores.core[node->local_rank % cores.count];
    }
    find_free(node, is_near_home, &cores);
    return cores.count > 0 ? pick_near_home(node, &cores) : NULL;
}

static void describe(const node_t *node, hwloc_obj_t core, unsigned free_cores,
                     spar_placement_choice_t *choice)
{
    hwloc_obj_t network = spar_placement_network(node->placement, core);
    int numa = hwloc_bitmap_first(core->nodeset);
    char few[48] = "";

    if (free_cores < node->local_ranks) {
        snprintf(few, sizeof(few), "; %u such for %u ranks", free_cores,
                 node->local_ranks);
    }
    snprintf(choice->why, sizeof(choice->why),
             "%s %u (NUMA node %d%s%.32s), which no rank uses%s",
             core->type == HWLOC_OBJ_CORE ? "core" : "processing unit",
             core->logical_index, numa < 0 ? 0 : numa, network ? ", near " : "",
             network ? network->name : "", few);
}

static void say_none(const node_t *node, const census_t *census,
                     spar_placement_choice_t *choice)
{
    if (census->all < 2) {
        snprintf(choice->why, sizeof(choice->why), "%s",
                 census->all == 1 ? "the node has one core"
                                  : "the cores of the node are unknown");
    } else if (node->local_ranks >= census->all) {
        snprintf(choice->why, sizeof(choice->why), "%u ranks %s %u cores",
                 node->local_ranks,
                 node->local_ranks == census->all ? "use all" : "share",
                 census->all);
    } else {
        snprintf(choice->why, sizeof(choice->why),
                 "this rank is bound to one core and no other is known to be "
                 "free");
    }
}

static void choose_unbound(const node_t *node, spar_placement_choice_t *choice)
{
    census_t census = take_census(node);

    choice->spare = node->local_ranks < census.all && census.own != 1;
    if (choice->spare) {
        snprintf(choice->why, sizeof(choice->why), "%u rank%s over %u cores",
                 node->local_ranks,
                 node->local_ranks == 1 ? " floats" : "s float", census.all);
    } else {
        say_none(node, &census, choice);
    }
}

static void choose_free(const node_t *node, hwloc_obj_t core,
                        unsigned free_cores, spar_placement_choice_t *choice)
{
    choice->spare = true;
    choice->bind = true;
    spar_placement_core_words(node->placement, core, choice->pu_words);
    describe(node, core, free_cores, choice);
}

void spar_placement_choose(const spar_placement_t *placement,
                           const uint64_t *used, const uint64_t *own,
                           int local_ranks, int local_rank,
                           spar_placement_choice_t *choice_p)
{
    static const uint64_t nothing[SPAR_PLACEMENT_WORDS];
    node_t node = {placement, used, own, NULL, 1, 0};
    hwloc_obj_t core = NULL;
    unsigned free_cores = 0;

    memset(choice_p, 0, sizeof(*choice_p));
    if (!placement) {
        snprintf(choice_p->why, sizeof(choice_p->why),
                 "the cores of the node are unknown");
        return;
    }
    node.local_ranks = local_ranks > 1 ? (unsigned)local_ranks : 1;
    node.local_rank = local_rank > 0 ? (unsigned)local_rank : 0;
    if (placement->too_large) {
        node.used = nothing;
        node.own = nothing;
    }
    node.home = first_touched(placement, node.own);
    if (first_touched(placement, node.used)) {
        core = pick(&node, &free_cores);
    }
    if (core) {
        choose_free(&node, core, free_cores, choice_p);
    } else {
        choose_unbound(&node, choice_p);
    }
}
