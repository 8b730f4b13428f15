import CMPIShim
import COpenMPI
import Collectives

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The ranks of an MPI job.
///
/// MPI is initialised at the FUNNELED level: the thread that called `initialise` makes every call, which a precondition holds. All
/// traffic goes over a duplicate of MPI_COMM_WORLD with MPI_ERRORS_RETURN, and every return code passes through `check`.
/// MPI's counts are C `int`s; larger transfers are cut in `forEachPiece`, the only place that knows the limit.
package final class MPIGroup: CollectiveGroup {
    package let rank: Int
    package let size: Int
    package let hostName: String
    package let name: String

    /// The largest count handed to one MPI call; Int32.max but for tests.
    let maximumCount: Int
    let communicator: MPI_Comm?
    private let thread = pthread_self()
    private var finalized = false

    // Tables of C ints for the varying collectives: filled anew at each call, allocated once.
    var counts32: [Int32]
    var offsets32: [Int32]
    var requests: [MPI_Request?] = []

    init(communicator: MPI_Comm?, rank: Int, size: Int, hostName: String, name: String, maximumCount: Int) {
        self.communicator = communicator
        self.rank = rank
        self.size = size
        self.hostName = hostName
        self.name = name
        self.maximumCount = maximumCount
        counts32 = [Int32](repeating: 0, count: size)
        offsets32 = [Int32](repeating: 0, count: size)
        requests.reserveCapacity(2 * size)
    }

    /// Leaves MPI: the last collective call of a run that ends in order; the second and later calls do nothing. After it the process
    /// may exit with any code: mpirun returns that of the lowest rank that did not exit with 0.
    package func finalize() {
        requireOwnThread()
        guard !finalized else { return }
        finalized = true
        var mine = communicator
        _ = MPI_Comm_free(&mine)
        _ = MPI_Finalize()
    }

    package func abort(code: Int32, reason: String) -> Never {
        if !reason.isEmpty {
            // What a reason says already of where it comes from (a CollectiveError's text does) is not said twice.
            let text = reason.hasPrefix("lockstep: ") ? String(reason.dropFirst("lockstep: ".count)) : reason
            let place = "rank \(rank) on \(hostName): "
            writeErrorLine("lockstep: " + (text.hasPrefix(place) ? text : place + text))
        }
        fflush(nil)
        // Code 0 would let mpirun report success.
        let status = code == 0 ? 1 : code
        if !finalized { _ = MPI_Abort(lockstep_mpi_comm_world(), status) }
        _exit(status)
    }

    /// The one place where return codes of MPI are looked at.
    @inline(__always)
    func check(_ code: Int32, _ operation: StaticString) throws(CollectiveError) {
        if code != MPI_SUCCESS { throw mpiFailure(code, operation, rank: rank, hostName: hostName) }
    }

    @inline(__always)
    func requireOwnThread() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "MPI is used from another thread than the one that initialised it")
    }
}

/// A return code of MPI as an error with code, class and the library's own text.
@inline(never)
func mpiFailure(_ code: Int32, _ operation: StaticString, rank: Int, hostName: String) -> CollectiveError {
    var errorClass: Int32 = 0
    _ = MPI_Error_class(code, &errorClass)
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING) + 1)
    let length = Int(lockstep_mpi_error_text(code, &text, Int32(text.count)))
    return CollectiveError(
        operation: "\(operation)", code: code,
        errorClass: "\(String(cString: lockstep_mpi_class_name(errorClass))), class \(errorClass)",
        text: String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self), rank: rank, hostName: hostName)
}
