import Collectives
import Kernels

extension CollectiveGroup {
    /// Runs `body` on every rank and goes on only if all of them succeeded.
    ///
    /// The lowest rank that failed throws its own error as an `AgreedFailure` with itself as the speaker, all others throw `PeerFailure`,
    /// so one message appears and nobody waits in a collective that a failed rank never enters. `body` must not communicate.
    package func agreeing<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome = Swift.Result(catching: body)
        var code: Int32 = 0
        if case .failure(let error) = outcome { code = RunFailure(error).code.rawValue }
        guard let failed = try firstFailure(code) else { return try outcome.get() }
        if failed.rank == rank, case .failure(let error) = outcome { throw AgreedFailure(error, speaker: rank) }
        throw PeerFailure(rank: failed.rank, code: failed.code)
    }

    private func firstFailure(_ code: Int32) throws(CollectiveError) -> (rank: Int, code: ExitCode)? {
        let codes = try allGatherBytes([UInt8(truncatingIfNeeded: code)])
        guard let rank = codes.firstIndex(where: { $0 != [0] }) else { return nil }
        return (rank, ExitCode(rawValue: Int32(codes[rank][0])) ?? .environment)
    }

    /// The best instruction set that every rank has. Mixed levels would round differently: replicas would drift apart while training, and
    /// blocks of an evaluation would depend on who computed them.
    package func commonInstructionSet() throws -> InstructionSet {
        let own = try agreeing { try InstructionSet.effective() }
        let common = try allReduceMin(Int64(own.rawValue))
        return InstructionSet(rawValue: Int(common)) ?? .generic
    }
}
