/*
 * Spar: where the helper thread may run. The helper progresses non-blocking
 * exchanges beside the application. It gains nothing when it takes turns with
 * the application on one core, so it wants a core that no rank of the node
 * uses, near the network device where there is a choice.
 *
 * Cores count, not hyperthreads: the second hyperthread of a core that a rank
 * computes on is not spare. Only what the cgroup of the process allows counts.
 *
 * Bitmaps of processing units (PUs, hwloc's term for hardware threads) are
 * arrays of SPAR_PLACEMENT_WORDS words: the PU that the operating system calls
 * n is bit n % 64 of word n / 64.
 */
#ifndef SPAR_POLICY_PLACEMENT_H
#define SPAR_POLICY_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

/* 2048 processing units */
#define SPAR_PLACEMENT_WORDS 32

/* The machine. Once open it is only read: every thread may use it at the same
 * time as others, until it is closed. */
typedef struct spar_placement spar_placement_t;

typedef struct spar_placement_choice {
    bool spare; /* the helper has a core to run on besides the ranks */
    bool bind;  /* it is to be bound to pu_words; implies spare */
    uint64_t pu_words[SPAR_PLACEMENT_WORDS]; /* all zero unless bind */
    char why[160]; /* one line for the report, without a newline */
} spar_placement_choice_t;

/*
 * Loads the topology of this machine, or the one that hwloc's own variables
 * HWLOC_XMLFILE and HWLOC_SYNTHETIC name. Milliseconds; never changes the
 * binding of the caller and starts no GPU runtime. The caller closes it.
 * NULL: hwloc failed, or no memory.
 */
spar_placement_t *spar_placement_open(void);

/* Nothing for NULL. */
void spar_placement_close(spar_placement_t *placement);

/*
 * The processing units that the threads of the calling process may use now;
 * called before the helper starts, that is the rank's binding at launch.
 * words_p: SPAR_PLACEMENT_WORDS words, written only on success.
 * false: unknown. No placement, the operating system does not tell, or a PU is
 * among them that the words have no bit for.
 */
bool spar_placement_binding(const spar_placement_t *placement,
                            uint64_t *words_p);

/*
 * Chooses for one rank.
 *
 * used: what the ranks of this node may use, the union of their bindings; all
 *     zero where the binding of any of them is unknown.
 * own: what this rank may use; all zero: unknown.
 * local_ranks: ranks of this node; local_rank: this one of them, from 0.
 *
 * Cores free of ranks: one of them, to bind to. Those near a network device
 * come first if some are near one and others are not; else those in this
 * rank's NUMA node and package. The ranks of a node get different cores as far
 * as there are enough of them. No free core, but fewer ranks than cores and
 * more than one core for this rank: spare, not bound. Otherwise not spare.
 *
 * The answer may differ between the ranks of a node. A NULL placement and
 * a machine that is larger than the bitmaps are answered too: never bound.
 */
void spar_placement_choose(const spar_placement_t *placement,
                           const uint64_t *used, const uint64_t *own,
                           int local_ranks, int local_rank,
                           spar_placement_choice_t *choice_p);

/*
 * Binds the calling thread, and no other, as chosen; on a topology that is not
 * this machine's (HWLOC_SYNTHETIC) hwloc only pretends to. true: bound, or the
 * choice does not bind. false, with errno: refused; the thread stays where it
 * was.
 */
bool spar_placement_bind(const spar_placement_t *placement,
                         const spar_placement_choice_t *choice);

#endif
