/// How a process that a test started came to its end, and what it wrote.
package struct ProcessResult: Sendable, CustomStringConvertible {
    /// The exit code, or 128 + the number of the signal that ended it (a shell's convention).
    package var status: Int32
    /// The signal that ended it, where one did.
    package var signal: Int32?
    /// What it wrote on stdout and on stderr.
    package var output: String
    package var errorOutput: String
    /// The watchdog ended it.
    package var timedOut: Bool
    /// Wall time from start to end.
    package var seconds: Double
    /// The command line, for messages.
    package var commandLine: String

    /// stdout and stderr together, for messages that may come out on either (mpirun moves a rank's stderr to its own).
    package var everything: String { output + errorOutput }

    /// The lines of stdout without their newlines, carriage returns of a pty removed.
    package var lines: [String] {
        output.split(whereSeparator: \.isNewline).map(String.init)
    }

    package var description: String {
        let end = timedOut ? "ended by the watchdog" : "status \(status)"
        return "\(commandLine)\n\(end) after \(seconds) s\n--- stdout\n\(output)\n--- stderr\n\(errorOutput)"
    }
}

/// A process could not be started or found: the message says which and why.
package struct TestSupportError: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
