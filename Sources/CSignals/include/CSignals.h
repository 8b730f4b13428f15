// Signal handlers in C, because a handler may do very little and Swift does not promise to do so little.
//
// TERM, INT and USR1 set a flag, which the training loop reads at a step boundary. A signal that means a crash (a Swift trap is SIGILL or
// SIGTRAP) writes one line that names rank, host and process, and takes its default way: mpirun sees it and ends the other ranks.

#ifndef LOCKSTEP_CSIGNALS_H
#define LOCKSTEP_CSIGNALS_H

/// Installs the handlers. `rank` < 0 leaves the rank out of messages. Call before MPI_Init: Open MPI leaves handlers alone that are there.
/// A second call only changes what the messages say.
void lockstep_signals_install(int rank, const char *host);

/// The number of the first TERM or INT that came, 0 if none did.
int lockstep_signals_stop_requested(void);

/// Whether USR1 has come since the last call; clears the flag.
int lockstep_signals_take_checkpoint_request(void);

#endif
