/// Why a collective operation did not complete: the one error of this layer and of `MessagePassing`.
///
/// After it the group is in an unknown state: the only sound next steps are `abort` or ending the process.
package struct CollectiveError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The operation that failed, in the carrier's own words: "MPI_Allreduce", "allReduceSum".
    package var operation: String

    /// The carrier's return code; 0 where it has none.
    package var code: Int32

    /// The carrier's class of the error: "MPI_ERR_TRUNCATE (15)"; "peer", "mismatch", "timeout", "injected" for groups in one process.
    package var errorClass: String

    /// What went wrong and how to mend it.
    package var text: String

    /// The member on which it was noticed.
    package var rank: Int

    /// The machine of that member.
    package var hostName: String

    package init(operation: String, code: Int32 = 0, errorClass: String, text: String, rank: Int, hostName: String = localHostName()) {
        self.operation = operation
        self.code = code
        self.errorClass = errorClass
        self.text = text
        self.rank = rank
        self.hostName = hostName
    }

    package var description: String {
        let codeText = code == 0 ? "" : ", code \(code)"
        return "rank \(rank) on \(hostName): \(operation) failed (\(errorClass)\(codeText)): \(text)"
    }
}
