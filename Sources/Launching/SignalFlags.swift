import CSignals

/// What signals asked for, read by the training loop at step boundaries and agreed on by all ranks there.
///
/// TERM and INT: write a checkpoint and stop (exit code 128 + signal). USR1: write a checkpoint and go on. A second TERM or INT (more than
/// a quarter of a second after the first, since mpirun and a batch system may both deliver one stop) ends the process at once.
/// Crashes (traps included) write one line that names rank, host and process id, and then take their usual way.
package enum SignalFlags {
    /// Installs the handlers of this process; before MPI is initialised, since Open MPI leaves handlers alone that are there already.
    /// Call again when MPI has told the final rank.
    ///
    /// - Parameter rank: named in crash messages; nil for a plain start.
    package static func install(rank: Int?, hostName: String) {
        lockstep_signals_install(Int32(rank ?? -1), hostName)
    }

    /// The signal that asked for a stop, where one did. One relaxed load.
    package static var stopRequested: Int32? {
        let signal = lockstep_signals_stop_requested()
        return signal == 0 ? nil : signal
    }

    /// Whether a checkpoint has been asked for since the last call.
    package static func takeCheckpointRequest() -> Bool {
        lockstep_signals_take_checkpoint_request() != 0
    }
}
