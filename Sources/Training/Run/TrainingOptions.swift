import Quality

/// What the command line adds to a recipe.
package struct TrainingOptions: Sendable {
    package var resume: Bool
    package var faults: [InjectedFault]
    /// No progress on standard output.
    package var quiet: Bool
    /// The command as typed, for `run.json`.
    package var arguments: [String]
    /// Asked once per step: what signals have asked for since. Must not allocate.
    package var requests: @Sendable () -> SignalRequests

    package init(
        resume: Bool = false, faults: [InjectedFault] = [], quiet: Bool = false, arguments: [String] = [],
        requests: @escaping @Sendable () -> SignalRequests = { SignalRequests() }
    ) {
        self.resume = resume
        self.faults = faults
        self.quiet = quiet
        self.arguments = arguments
        self.requests = requests
    }
}

/// What signals have asked of this rank: SIGTERM and SIGINT stop after a checkpoint, SIGUSR1 writes a checkpoint and goes on.
package struct SignalRequests: Sendable {
    package var terminate = false
    package var interrupt = false
    package var checkpoint = false

    package init(terminate: Bool = false, interrupt: Bool = false, checkpoint: Bool = false) {
        self.terminate = terminate
        self.interrupt = interrupt
        self.checkpoint = checkpoint
    }

    var telemetry: RankTelemetry.Requests {
        var requests: RankTelemetry.Requests = []
        if terminate { requests.insert(.stop) }
        if interrupt { requests.insert(.interrupt) }
        if checkpoint { requests.insert(.checkpoint) }
        return requests
    }
}

/// How a run ended.
package struct TrainingResult: Sendable {
    /// On rank 0 only.
    package var summary: RunSummary?
    package var runDirectory: String
    package var exitCode: ExitCode
}
