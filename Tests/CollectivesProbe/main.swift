import Collectives
import Foundation
import Launching
import MessagePassing
import TestSupport

// What the tests start under mpirun, or alone, to see real ranks succeed, fail and crash. One line per finding.
//   collectives [LIMIT]   every collective; LIMIT is the largest count of one MPI call
//   start                 says who this is
//   throw RANK CODE       that rank meets an error and ends all
//   truncate              a real MPI error: counts that do not match
//   stall RANK            that rank never comes to the barrier
//   trap RANK             that rank fails a check of the program
//   signals               waits for signals and says which came

/// Unbuffered, since some commands do not live to flush.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let arguments = CommandLine.arguments
let command = arguments.count > 1 ? arguments[1] : "start"
let number = arguments.count > 2 ? Int(arguments[2]) : nil
SignalFlags.install(rank: MPIGroup.launchedRank, hostName: localHostName())

/// The group of this process, or the end of it with the environment's exit code.
func makeGroup() -> any CollectiveGroup {
    guard MPIGroup.launched else { return SingleMemberGroup() }
    do {
        return try MPIGroup.initialise(maximumCount: command == "collectives" ? number ?? Int(Int32.max) : Int(Int32.max))
    } catch {
        if MPIGroup.launchedRank == 0 { writeErrorLine("lockstep: \(error)") }
        exit(6)
    }
}

let group = makeGroup()
do {
    switch command {
    case "collectives":
        var checks = CollectiveChecks(group)
        try checks.runAll()
        for failure in checks.failures { say("FAILED \(failure)") }
        say("rank \(group.rank) of \(group.size): \(checks.count) checks, \(checks.failures.count) failed")
    case "start":
        say("rank \(group.rank) of \(group.size) by \(group.name)")
    case "throw":
        if group.rank == number {
            throw CollectiveError(
                operation: "probe", errorClass: "injected", text: "the disk is full", rank: group.rank, hostName: group.hostName)
        }
        try group.barrier()
    case "truncate":
        var bytes = [UInt8](repeating: 1, count: group.rank == 0 ? 64 : 16)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        try group.broadcast(&raw, from: 0)
        try group.barrier()
    case "stall":
        if group.rank == number {
            say("rank \(group.rank) stalls")
            sleep(600)
        }
        try group.barrier()
    case "trap":
        try group.barrier()
        if group.rank == number { preconditionFailure("rank \(group.rank) was told to trap") }
        try group.barrier()
    case "signals":
        say("ready")
        var stopped = false
        for _ in 0..<6000 {
            if SignalFlags.takeCheckpointRequest() { say("checkpoint requested") }
            if let signal = SignalFlags.stopRequested, !stopped {
                stopped = true
                say("stop requested by \(signal)")
            }
            usleep(10_000)
        }
    default:
        writeErrorLine("unknown command \(command)")
        exit(2)
    }
} catch {
    let code = command == "throw" && arguments.count > 3 ? Int32(arguments[3]) ?? 1 : 5
    group.abort(code: code, reason: "\(error)")
}
(group as? MPIGroup)?.finalize()
