/* Spar: machines and expectations for the tests of policy/placement.h. */
#ifndef SPAR_TESTS_PLACEMENT_H
#define SPAR_TESTS_PLACEMENT_H

#include "unit.h"

#include "policy/placement_machine.h"

#include <stdio.h>
#include <string.h>

typedef struct words {
    uint64_t pu[SPAR_PLACEMENT_WORDS];
} words_t;

static const words_t unknown;

/* PUs first..last */
static inline words_t range(unsigned first, unsigned last)
{
    words_t words = {{0}};

    for (unsigned pu = first; pu <= last; pu++) {
        words.pu[pu / 64] |= UINT64_C(1) << (pu % 64);
    }
    return words;
}

static inline words_t both(words_t a, words_t b)
{
    for (unsigned i = 0; i < SPAR_PLACEMENT_WORDS; i++) {
        a.pu[i] |= b.pu[i];
    }
    return a;
}

static inline hwloc_topology_t synthetic(const char *description)
{
    hwloc_topology_t topology;

    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_synthetic(topology, description), 0);
    return topology;
}

static inline spar_placement_t *machine(const char *description)
{
    hwloc_topology_t topology = synthetic(description);

    assert_int_equal(hwloc_topology_load(topology), 0);
    return spar_placement_open_topology(topology);
}

/* 2 packages of 4 cores with one PU each; the file says where the network
 * devices are. */
static inline spar_placement_t *machine_of_file(const char *name)
{
    char path[1024];
    hwloc_topology_t topology;

    snprintf(path, sizeof(path), "%s/%s", SPAR_TEST_DATA, name);
    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_xml(topology, path), 0);
    hwloc_topology_set_io_types_filter(topology,
                                       HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    assert_int_equal(hwloc_topology_load(topology), 0);
    return spar_placement_open_topology(topology);
}

static inline spar_placement_choice_t choose(spar_placement_t *placement,
                                             words_t used, words_t own,
                                             int ranks, int rank)
{
    spar_placement_choice_t choice;

    memset(&choice, 0xff, sizeof(choice));
    spar_placement_choose(placement, used.pu, own.pu, ranks, rank, &choice);
    assert_true(choice.spare || !choice.bind);
    if (!choice.bind) {
        assert_memory_equal(choice.pu_words, unknown.pu, sizeof(unknown.pu));
    }
    return choice;
}

static inline void assert_binds(spar_placement_choice_t choice, unsigned first,
                                unsigned last)
{
    assert_true(choice.bind);
    assert_memory_equal(choice.pu_words, range(first, last).pu,
                        sizeof(choice.pu_words));
}

static inline void assert_floats(spar_placement_choice_t choice,
                                 const char *why)
{
    assert_string_equal(choice.why, why);
    assert_true(choice.spare);
    assert_false(choice.bind);
}

static inline void assert_none(spar_placement_choice_t choice, const char *why)
{
    assert_string_equal(choice.why, why);
    assert_false(choice.spare);
}

#endif
