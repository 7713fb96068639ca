/*
 * Spar: does the application compute between its calls, or sleep? Where no core
 * is left for the helper thread, one that sleeps (it waits for a GPU, say)
 * leaves its own to it. Local and harmless: it decides who advances exchanges,
 * not what is exchanged.
 */
#ifndef SPAR_PMPI_PACE_H
#define SPAR_PMPI_PACE_H

/* The application's thread comes into a call of ours, and goes out again. */
void spar_pace_enter(void);
void spar_pace_leave(void);

#endif
