import CMPIShim
import COpenMPI
import Collectives

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Why MPI could not be started for this process: a matter of the environment (exit code 6), before there is a group that could be ended.
package struct MPIStartError: Error, CustomStringConvertible, Sendable {
    package let description: String
}

extension MPIGroup {
    /// Whether a launcher (mpirun, srun) started this process, by the environment alone. Where false, use `SingleMemberGroup`: a plain
    /// start never touches MPI, which would cost a tenth of a second and a daemon.
    package static var launched: Bool {
        LaunchEnvironment().launcher != .none
    }

    /// This process's rank as the launcher states it, before MPI is initialised: so that an error found by every rank is said once.
    /// Nil for a plain start.
    package static var launchedRank: Int? {
        let environment = LaunchEnvironment()
        return environment.launcher == .none ? nil : environment.rank
    }

    /// Initialises MPI for this process; once per process, on the thread that will make all calls.
    ///
    /// - Parameter maximumCount: the largest count of one MPI call; smaller than the default only in tests of the splitting.
    /// - Throws: when MPI cannot start, or when it gives a world of one although the environment says that more were started (with what to
    ///   type instead). Every rank throws; `launchedRank` tells who should speak.
    package static func initialise(maximumCount: Int = Int(Int32.max)) throws(MPIStartError) -> MPIGroup {
        precondition(maximumCount > 0 && maximumCount <= Int(Int32.max), "MPI counts are C ints: \(maximumCount) is no limit for them")
        let environment = LaunchEnvironment()
        let hostName = localHostName()
        avoidRefusedSingleCopy()

        func checkStart(_ code: Int32, _ operation: StaticString) throws(MPIStartError) {
            if code != MPI_SUCCESS {
                throw MPIStartError(description: "\(mpiFailure(code, operation, rank: environment.rank, hostName: hostName))")
            }
        }
        var granted: Int32 = 0
        try checkStart(MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &granted), "MPI_Init_thread")
        // From here on errors come back as codes; the start itself ends the process in Open MPI's own way.
        try checkStart(MPI_Comm_set_errhandler(lockstep_mpi_comm_world(), lockstep_mpi_errors_return()), "MPI_Comm_set_errhandler")
        var own = lockstep_mpi_comm_null()
        try checkStart(MPI_Comm_dup(lockstep_mpi_comm_world(), &own), "MPI_Comm_dup")
        try checkStart(MPI_Comm_set_errhandler(own, lockstep_mpi_errors_return()), "MPI_Comm_set_errhandler")
        var rank: Int32 = 0
        var size: Int32 = 0
        try checkStart(MPI_Comm_rank(own, &rank), "MPI_Comm_rank")
        try checkStart(MPI_Comm_size(own, &size), "MPI_Comm_size")

        let library = String(cString: lockstep_mpi_compiled_version())
        let group = MPIGroup(
            communicator: own, rank: Int(rank), size: Int(size), hostName: hostName, name: "MPI (\(library))",
            maximumCount: maximumCount)
        guard granted >= Int32(MPI_THREAD_FUNNELED) else {
            group.finalize()
            throw MPIStartError(
                description: "rank \(rank) on \(hostName): \(library) grants thread level \(granted) only, lockstep needs "
                    + "MPI_THREAD_FUNNELED (\(MPI_THREAD_FUNNELED))")
        }
        guard size > 1 || environment.size <= 1 else {
            group.finalize()
            let explanation = environment.lonelinessExplanation(
                library: library, parent: parentExecutable(), mpirun: firstInPath("mpirun"))
            throw MPIStartError(description: "rank \(environment.rank) on \(hostName): \(explanation)")
        }
        return group
    }

    /// In a container without CAP_SYS_PTRACE the kernel refuses the single-copy reads of Open MPI's shared memory transport (vader CMA),
    /// which then fails at the first large message. Asking first and saying so through the environment costs a few system calls.
    ///
    /// Reading the launcher's memory stands for reading a sibling's: same user, same container. It says nothing where the launcher is
    /// another user's process (Slurm's step daemon), nor with Yama's ptrace_scope ≥ 1, which refuses it although siblings may be readable
    /// (Open MPI asks for that by prctl); there only a refusal to read one's own memory counts.
    private static func avoidRefusedSingleCopy() {
        let own = lockstep_may_read_memory_of(getpid()) == 1
        let launcher = !parentIsOurs() || yamaRestricts() || lockstep_may_read_memory_of(getppid()) == 1
        if !own || !launcher { setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0) }
    }

    private static func parentIsOurs() -> Bool {
        var facts = stat()
        return stat("/proc/\(getppid())", &facts) == 0 && facts.st_uid == geteuid()
    }

    private static func yamaRestricts() -> Bool {
        let descriptor = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var digit: UInt8 = 0
        return read(descriptor, &digit, 1) == 1 && digit > UInt8(ascii: "0")
    }
}

/// The program that started this one, as far as /proc tells.
private func parentExecutable() -> String? {
    resolved("/proc/\(getppid())/exe")
}

/// The first executable of this name in PATH, and what it is a link to: "/usr/bin/mpirun (/usr/bin/orterun)".
private func firstInPath(_ name: String) -> String? {
    for folder in (environmentVariable("PATH") ?? "").split(separator: ":") {
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else { continue }
        guard let real = resolved(path), real != path else { return path }
        return "\(path) (\(real))"
    }
    return nil
}

private func resolved(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
}
