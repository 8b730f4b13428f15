import ArgumentParser
import Collectives
@preconcurrency import Glibc
import Launching
import Lockstep
import MessagePassing
import Training

/// The command. Parses arguments, chooses between MPI and one rank alone, and turns every error into one message and an exit code.
@main
struct LockstepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Trains neural networks data-parallel on CPU clusters, watched by a coordinator.",
        discussion: """
            EXAMPLES
              lockstep train                                   the bundled handwritten digits, one rank
              mpirun -np 2 lockstep train digits               the same on two ranks
              mpirun --hostfile hosts lockstep train my.yaml batch=256 optimizer.learning_rate=3e-4
              lockstep report runs/digits-20261121-101500      the run as one HTML page

            EXIT CODES
              0 finished or stopped early by rule   2 usage or recipe error   3 bad data or checkpoint
              4 stopped as unrecoverable            5 a rank or node was lost 6 environment (MPI, permissions, disk)
              130, 143 interrupted or terminated, after a checkpoint
            """,
        version: versionText,
        subcommands: [
            TrainCommand.self, EvaluateCommand.self, PredictCommand.self, BenchCommand.self, ReportCommand.self, RecipesCommand.self,
        ])

    static func main() {
        // Open MPI gives every rank a terminal of no size; elsewhere stdout may be a pipe. Lines must appear as they are written.
        setvbuf(stdout, nil, _IOLBF, 0)
        SignalFlags.install(rank: MPIGroup.launchedRank ?? 0, hostName: localHostName())
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Says what went wrong, once for all ranks, and exits.
    private static func end(with error: any Error) -> Never {
        if let peer = error as? PeerFailure { Glibc.exit(peer.code.rawValue) }
        if let finished = error as? RunEnd { Glibc.exit(finished.code.rawValue) }
        let isFirst = (MPIGroup.launchedRank ?? 0) == 0
        if exitCode(for: error) == .success {  // --help, --version
            if isFirst { print(fullMessage(for: error)) }
            Glibc.exit(0)
        }
        // Arguments are the same on all ranks, so one of them speaks. Errors of a run come through `Session`, which knows who speaks.
        if isFirst {
            let text = isArgumentError(error) ? fullMessage(for: error) : "lockstep: \(RunFailure(error))"
            writeErrorLine(text)
        }
        Glibc.exit(isArgumentError(error) ? ExitCode.usage.rawValue : RunFailure(error).code.rawValue)
    }

    private static func isArgumentError(_ error: any Error) -> Bool {
        error is CleanExit || error is ValidationError || String(describing: type(of: error)) == "CommandError"
    }
}
