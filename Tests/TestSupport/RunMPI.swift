import Foundation

/// The variables without which mpirun refuses to work as root (in a container, on a build machine).
package let rootEnvironment: [String: String?] = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]

/// mpirun's own arguments for tests: more ranks than cores are welcome, waiting ranks yield, nothing is pinned.
package func mpirunCommand(np: Int?, options: [String] = []) -> [String] {
    ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"] + options + (np.map { ["-np", "\($0)"] } ?? [])
}

/// One mpirun job at a time on this machine's few cores, whatever the test runner does in parallel: timeouts then mean something.
private let machine = DispatchSemaphore(value: 1)

/// Starts `mpirun … -np N command`; waits first until no other test's mpirun runs. `np` nil: the command holds its own `-np` parts.
package func startMPI(
    np: Int?, _ command: [String], options: [String] = [], environment: [String: String?] = [:], workingDirectory: String? = nil
) throws -> RunningProcess {
    machine.wait()
    return try startProcess(
        mpirunCommand(np: np, options: options) + command, environment: rootEnvironment.merging(environment) { $1 },
        workingDirectory: workingDirectory, release: { machine.signal() })
}

/// Runs `mpirun … -np N command` to its end, at most `deadline` seconds.
package func mpirun(
    np: Int?, _ command: [String], options: [String] = [], environment: [String: String?] = [:], workingDirectory: String? = nil,
    deadline: Double = 120
) throws -> ProcessResult {
    try startMPI(np: np, command, options: options, environment: environment, workingDirectory: workingDirectory).wait(deadline: deadline)
}

extension RunningProcess {
    /// The process id of a rank of this mpirun on this machine, found by the environment that Open MPI gave it; nil until it is there.
    package func processOfRank(_ rank: Int) -> pid_t? {
        descendants(of: pid).first { environmentValue("OMPI_COMM_WORLD_RANK", of: $0) == "\(rank)" }
    }
}
