import Foundation
import TestSupport
import Testing

/// The probe waits for signals; each test sends some and reads what came.
@Suite(.serialized) struct SignalFlagsTests {
    private func waitingProbe() throws -> RunningProcess {
        let probe = try startProcess(
            [Locations.product("CollectivesProbe"), "signals"], environment: ["SWIFT_BACKTRACE": "enable=no"])
        #expect(probe.waitForOutput("ready", deadline: 20), "\(probe.everythingSoFar)")
        return probe
    }

    @Test func userSignalAsksForACheckpointAndNothingElse() throws {
        let probe = try waitingProbe()
        for count in 1...2 {
            probe.send(SIGUSR1)
            #expect(
                probe.waitUntil(deadline: 10) {
                    probe.everythingSoFar.components(separatedBy: "checkpoint requested").count == count + 1
                })
        }
        #expect(isAlive(probe.pid))
        #expect(!probe.everythingSoFar.contains("stop requested"))
        probe.send(SIGKILL)
        #expect(probe.wait(deadline: 10).signal == SIGKILL)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func theFirstStopSetsAFlagAndTheSecondEnds(signal: Int32) throws {
        let probe = try waitingProbe()
        probe.send(signal)
        #expect(probe.waitForOutput("stop requested by \(signal)", deadline: 10))
        // The same stop by another way is no second one.
        probe.send(signal)
        usleep(400_000)
        #expect(isAlive(probe.pid))
        probe.send(signal)
        let result = probe.wait(deadline: 10)
        #expect(result.status == 128 + signal, "\(result)")
        #expect(result.signal == nil, "an exit, not a death: \(result)")
    }

    @Test(arguments: [
        (SIGSEGV, "SIGSEGV"), (SIGBUS, "SIGBUS"), (SIGFPE, "SIGFPE"), (SIGILL, "SIGILL"), (SIGABRT, "SIGABRT"), (SIGTRAP, "SIGTRAP"),
    ])
    func aCrashNamesTheProcessAndTakesItsUsualWay(signal: Int32, name: String) throws {
        let probe = try waitingProbe()
        probe.send(signal)
        let result = probe.wait(deadline: 10)
        #expect(result.signal == signal, "\(result)")
        #expect(result.errorOutput.contains("(pid \(probe.pid)) crashed: \(name)"), "\(result)")
    }
}
