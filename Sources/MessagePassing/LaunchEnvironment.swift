#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the environment says about who started this process, read before any MPI call.
///
/// Used for two things only: to decide whether MPI is touched at all, and to notice that MPI's answer is wrong. After `MPI_Init` rank
/// and size come from MPI.
package struct LaunchEnvironment: Sendable, Equatable {
    package enum Launcher: Sendable, Equatable {
        /// A plain start.
        case none
        /// Open MPI's mpirun.
        case openMPI
        /// A process manager of the PMI family: MPICH's or Intel MPI's mpiexec (Hydra), or `srun --mpi=pmi2`.
        case pmi
        /// A step of `srun` without PMI or PMIx.
        case slurmStep
        /// A PMIx server other than mpirun's (`srun --mpi=pmix`, prun).
        case pmix
    }

    package var launcher: Launcher
    /// Rank and size as the launcher states them; 0 and 1 where it does not.
    package var rank: Int
    package var size: Int
    /// The variable that states the size, for messages.
    package var sizeVariable: String

    /// Reads the variables through `value` (the process's own environment unless a caller brings another).
    ///
    /// Slurm sets SLURM_PROCID and SLURM_NTASKS in batch scripts and login shells of an allocation too, where nothing is wrong with a
    /// single process; only a step of `srun` has SLURM_STEP_NUM_TASKS.
    package init(_ value: (String) -> String? = environmentVariable) {
        func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
        if let size = number("OMPI_COMM_WORLD_SIZE") {
            self.init(.openMPI, rank: number("OMPI_COMM_WORLD_RANK"), size: size, "OMPI_COMM_WORLD_SIZE")
        } else if let size = number("PMI_SIZE") {
            self.init(.pmi, rank: number("PMI_RANK"), size: size, "PMI_SIZE")
        } else if let rank = number("PMIX_RANK") {
            self.init(.pmix, rank: rank, size: number("SLURM_STEP_NUM_TASKS") ?? 1, "SLURM_STEP_NUM_TASKS")
        } else if let size = number("SLURM_STEP_NUM_TASKS"), size > 1 {
            self.init(.slurmStep, rank: number("SLURM_PROCID"), size: size, "SLURM_STEP_NUM_TASKS")
        } else {
            self.init(.none, rank: 0, size: 1, "")
        }
    }

    private init(_ launcher: Launcher, rank: Int?, size: Int, _ variable: String) {
        self.launcher = launcher
        self.rank = rank ?? 0
        self.size = size
        sizeVariable = variable
    }
}

/// The value of a variable of this process's environment.
package func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

extension LaunchEnvironment {
    /// Why this process finds itself alone although `size` processes were started, and what to type instead.
    ///
    /// - Parameters:
    ///   - library: the MPI this program is linked with.
    ///   - parent: the executable of the parent process, where known.
    ///   - mpirun: the first `mpirun` in PATH, where there is one.
    func lonelinessExplanation(library: String, parent: String?, mpirun: String?) -> String {
        let fact =
            "MPI gives this process a world of one, but \(sizeVariable)=\(size) says that \(size) were started; "
            + "each would train alone on the same run. "
        let by = parent.map { " (parent process: \($0))" } ?? ""
        let path = mpirun.map { "; the mpirun in PATH is \($0)" } ?? "; there is no mpirun in PATH"
        switch launcher {
        case .none:
            return fact
        case .openMPI:
            return fact + "The mpirun\(by) belongs to another Open MPI than the library (\(library))\(path). "
                + "Type: mpirun.openmpi -np \(size) lockstep …, or rebuild lockstep against the Open MPI that mpirun belongs to"
        case .pmi:
            return fact + "The launcher\(by) speaks PMI, as MPICH's, Intel MPI's and `srun --mpi=pmi2` do; lockstep is linked with "
                + "\(library), which speaks PMIx\(path). Type: mpirun.openmpi -np \(size) lockstep …, or under Slurm: "
                + "srun --mpi=pmix -n \(size) lockstep …"
        case .slurmStep, .pmix:
            return fact + "srun\(by) gave the tasks no PMIx that \(library) understands. Type: srun --mpi=pmix -n \(size) lockstep … "
                + "(`srun --mpi=list` shows what this Slurm has), or inside the allocation: mpirun -np \(size) lockstep …"
        }
    }
}
