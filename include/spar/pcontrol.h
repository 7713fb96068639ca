/*
 * Spar: levels of MPI_Pcontrol. A trainer never needs them; one that wants to
 * may call MPI_Pcontrol(level), which other MPI libraries ignore.
 *
 * A level takes effect on a communicator as soon as one rank has asked for it:
 * the ranks tell each other in the headers of the next exchange. Thread-safe.
 */
#ifndef SPAR_PCONTROL_H
#define SPAR_PCONTROL_H

/* Dense exchanges from now on; residuals are kept. */
#define SPAR_PCONTROL_OFF 0
/* Sparse exchanges again, where every rank has asked for it. */
#define SPAR_PCONTROL_ON 1
/* The next call of each layer is dense and delivers its residual. */
#define SPAR_PCONTROL_FLUSH 2
/*
 * Rank 0 writes the report now. With SPAR_STATE, each rank that asks saves its
 * residuals as well: ask on all ranks at the same place, best where the trainer
 * writes its own checkpoint, with no call pending and none in another thread.
 * Otherwise a rank says what it has not saved, and what has been asked for at
 * different places is not used at the next start. Nobody waits for anybody.
 */
#define SPAR_PCONTROL_REPORT 3

#endif
