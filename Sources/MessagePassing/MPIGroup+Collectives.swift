import CMPIShim
import COpenMPI
import Collectives

/// Calls `body(offset, count)` for consecutive pieces of `0 ..< total`, none larger than `limit`: the one place where counts beyond C's
/// `int` are cut. Nothing for a total of 0.
@inline(__always)
func forEachPiece(of total: Int, limit: Int, _ body: (Int, Int32) throws(CollectiveError) -> Void) throws(CollectiveError) {
    var offset = 0
    while offset < total {
        let count = min(limit, total - offset)
        try body(offset, Int32(count))
        offset += count
    }
}

extension MPIGroup {
    package func barrier() throws(CollectiveError) {
        requireOwnThread()
        try check(MPI_Barrier(communicator), "MPI_Barrier")
    }

    package func broadcast(_ bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError) {
        requireRoot(root)
        try bytes.withUnsafeMutableBytes { (buffer) throws(CollectiveError) in
            try broadcast(buffer.baseAddress, count: buffer.count, from: root)
        }
    }

    package func allGather(_ mine: RawSpan, into all: inout MutableRawSpan) throws(CollectiveError) {
        requireOwnThread()
        requireGather(mine: mine.byteCount, all: all.byteCount)
        guard all.byteCount > 0 else { return }
        try mine.withUnsafeBytes { (source) throws(CollectiveError) in
            try all.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                // Some algorithms inside MPI count the whole result in an int, so that is what the limit holds for.
                if target.count <= maximumCount {
                    let count = Int32(source.count)
                    try check(
                        MPI_Allgather(
                            source.baseAddress, count, lockstep_mpi_byte(), target.baseAddress, count, lockstep_mpi_byte(), communicator),
                        "MPI_Allgather")
                } else {
                    try gatherInPieces(source, into: target) { _ in source.count }
                }
            }
        }
    }

    package func allGatherVarying(_ mine: RawSpan, counts: [Int], into all: inout MutableRawSpan) throws(CollectiveError) {
        requireOwnThread()
        requireVaryingGather(mine: mine.byteCount, counts: counts, all: all.byteCount)
        guard all.byteCount > 0 else { return }
        try mine.withUnsafeBytes { (source) throws(CollectiveError) in
            try all.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                guard target.count <= maximumCount else {
                    try gatherInPieces(source, into: target) { counts[$0] }
                    return
                }
                var offset: Int32 = 0
                for r in 0..<size {
                    counts32[r] = Int32(counts[r])
                    offsets32[r] = offset
                    offset += counts32[r]
                }
                try check(
                    MPI_Allgatherv(
                        source.baseAddress, Int32(source.count), lockstep_mpi_byte(), target.baseAddress, counts32, offsets32,
                        lockstep_mpi_byte(), communicator),
                    "MPI_Allgatherv")
            }
        }
    }

    package func allReduceSum(_ values: inout MutableSpan<Float>) throws(CollectiveError) {
        try reduce(&values, lockstep_mpi_float(), lockstep_mpi_sum())
    }

    package func allReduceSum(_ values: inout MutableSpan<Double>) throws(CollectiveError) {
        try reduce(&values, lockstep_mpi_double(), lockstep_mpi_sum())
    }

    package func allReduceSum(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce(&values, lockstep_mpi_int64(), lockstep_mpi_sum())
    }

    package func allReduceMin(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce(&values, lockstep_mpi_int64(), lockstep_mpi_min())
    }

    package func allReduceMax(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce(&values, lockstep_mpi_int64(), lockstep_mpi_max())
    }

    /// In place, blocking: of Open MPI 4.1's all-reduces the one with good algorithms (the non-blocking in-place one is always binomial).
    @inline(__always)
    private func reduce<Value: BitwiseCopyable>(
        _ values: inout MutableSpan<Value>, _ type: MPI_Datatype?, _ operation: MPI_Op?
    ) throws(CollectiveError) {
        requireOwnThread()
        try values.withUnsafeMutableBufferPointer { (buffer) throws(CollectiveError) in
            guard let base = buffer.baseAddress else { return }
            try forEachPiece(of: buffer.count, limit: maximumCount) { (offset, count) throws(CollectiveError) in
                try check(
                    MPI_Allreduce(lockstep_mpi_in_place(), base + offset, count, type, operation, communicator), "MPI_Allreduce")
            }
        }
    }

    private func broadcast(_ base: UnsafeMutableRawPointer?, count: Int, from root: Int) throws(CollectiveError) {
        requireOwnThread()
        guard let base else { return }
        try forEachPiece(of: count, limit: maximumCount) { (offset, count) throws(CollectiveError) in
            try check(MPI_Bcast(base + offset, count, lockstep_mpi_byte(), Int32(root), communicator), "MPI_Bcast")
        }
    }

    /// A gather too large for one call: each rank's block is broadcast by its owner, piece by piece.
    private func gatherInPieces(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, counts: (Int) -> Int
    ) throws(CollectiveError) {
        guard let base = target.baseAddress else { return }
        var offset = 0
        for r in 0..<size {
            if r == rank, let mine = source.baseAddress { (base + offset).copyMemory(from: mine, byteCount: source.count) }
            try broadcast(base + offset, count: counts(r), from: r)
            offset += counts(r)
        }
    }
}
