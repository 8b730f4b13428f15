import CMPIShim
import COpenMPI
import Collectives

extension MPIGroup {
    /// Pairs of non-blocking messages rather than MPI_Alltoallv: that one counts in ints, and whether a table fits is not known alike on
    /// all ranks, so there could be no agreed way around it. Open MPI's own algorithm for few ranks is the same.
    package func allToAll(
        _ send: RawSpan, sendCounts: [Int], sendOffsets: [Int],
        into receive: inout MutableRawSpan, receiveCounts: [Int], receiveOffsets: [Int]
    ) throws(CollectiveError) {
        requireOwnThread()
        requireExchange(
            send: send.byteCount, sendCounts: sendCounts, sendOffsets: sendOffsets,
            receive: receive.byteCount, receiveCounts: receiveCounts, receiveOffsets: receiveOffsets)
        requests.removeAll(keepingCapacity: true)
        try send.withUnsafeBytes { (source) throws(CollectiveError) in
            try receive.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                // Everybody starts with a neighbour of its own, so that no rank is everyone's first partner. A pair's messages match
                // in the order in which they are posted, pieces included.
                for distance in 1..<max(size, 1) {
                    let peer = (rank + size - distance) % size
                    guard receiveCounts[peer] > 0, let base = target.baseAddress else { continue }
                    let start = base + receiveOffsets[peer]
                    try forEachPiece(of: receiveCounts[peer], limit: maximumCount) { (offset, count) throws(CollectiveError) in
                        requests.append(lockstep_mpi_request_null())
                        try check(
                            MPI_Irecv(
                                start + offset, count, lockstep_mpi_byte(), Int32(peer), 0, communicator, &requests[requests.count - 1]),
                            "MPI_Irecv")
                    }
                }
                for distance in 1..<max(size, 1) {
                    let peer = (rank + distance) % size
                    guard sendCounts[peer] > 0, let base = source.baseAddress else { continue }
                    let start = base + sendOffsets[peer]
                    try forEachPiece(of: sendCounts[peer], limit: maximumCount) { (offset, count) throws(CollectiveError) in
                        requests.append(lockstep_mpi_request_null())
                        try check(
                            MPI_Isend(
                                start + offset, count, lockstep_mpi_byte(), Int32(peer), 0, communicator, &requests[requests.count - 1]),
                            "MPI_Isend")
                    }
                }
                if sendCounts[rank] > 0, let from = source.baseAddress, let to = target.baseAddress {
                    (to + receiveOffsets[rank]).copyMemory(from: from + sendOffsets[rank], byteCount: sendCounts[rank])
                }
                try check(lockstep_mpi_wait_all(Int32(requests.count), &requests), "MPI_Waitall")
            }
        }
    }
}
