import Collectives
import MessagePassing
import Training

/// A group of ranks for the duration of one job: made at its start, left in order at its end, aborted on an error in between.
package enum Session {
    /// Runs `body` with the group that this process was launched into: MPI under mpirun or srun, else one rank that never touches MPI.
    ///
    /// An error that all ranks know of (`AgreedFailure` on the rank that speaks, `PeerFailure` on the others) ends every rank in order;
    /// an error that only this rank knows of ends all of them through `MPI_Abort`, because the others may already wait for it.
    package static func run(_ body: (any CollectiveGroup) throws -> Void) throws {
        guard MPIGroup.launched else { return try body(SingleMemberGroup()) }
        let group = try MPIGroup.initialise()
        do {
            try body(group)
            group.finalize()
        } catch let agreed as AgreedFailure {
            let failure = RunFailure(agreed)
            if group.rank == agreed.speaker { writeErrorLine("lockstep: \(failure)") }
            group.finalize()
            throw PeerFailure(rank: agreed.speaker, code: failure.code)
        } catch let peer as PeerFailure {
            group.finalize()
            throw peer
        } catch let end as RunEnd {
            group.finalize()
            throw end
        } catch {
            let failure = RunFailure(error)
            group.abort(code: failure.code.rawValue, reason: "lockstep: \(failure)")
        }
    }
}
