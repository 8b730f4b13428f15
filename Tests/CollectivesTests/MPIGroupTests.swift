import Foundation
import MessagePassing
import TestSupport
import Testing

/// Real ranks: the probe under mpirun. Each test has a deadline after which everything it started is ended.
@Suite(.serialized) struct MPIGroupTests {
    /// The Swift runtime's backtraces of intended crashes help nobody.
    private let quiet: [String: String?] = ["SWIFT_BACKTRACE": "enable=no"]

    private func expectAllChecksPass(_ result: ProcessResult, np: Int) {
        #expect(result.status == 0, "\(result)")
        #expect(!result.output.contains("FAILED"), "\(result)")
        for rank in 0..<np {
            #expect(result.lines.contains { $0.hasPrefix("rank \(rank) of \(np): ") && $0.hasSuffix(" checks, 0 failed") }, "\(result)")
        }
    }

    @Test(arguments: 1...4)
    func everyCollective(np: Int) throws {
        expectAllChecksPass(try mpirun(np: np, [Locations.product("CollectivesProbe"), "collectives"]), np: np)
    }

    /// With a limit of 1000 elements per call, what happens above 2^31 happens at sizes that a test can afford.
    @Test(arguments: [(1, 1000), (2, 1000), (3, 7), (4, 1000)])
    func countsAboveTheLimitAreSplit(np: Int, limit: Int) throws {
        expectAllChecksPass(try mpirun(np: np, [Locations.product("CollectivesProbe"), "collectives", "\(limit)"]), np: np)
    }

    @Test(arguments: [(0, 3), (1, 42), (2, 6)])
    func aRankThatThrowsEndsAllWithItsCodeAndReason(rank: Int, code: Int) throws {
        let result = try mpirun(np: 3, [Locations.product("CollectivesProbe"), "throw", "\(rank)", "\(code)"], deadline: 30)
        #expect(result.status == Int32(code), "\(result)")
        #expect(result.everything.contains("lockstep: rank \(rank) on "), "\(result)")
        #expect(result.everything.contains("the disk is full"), "\(result)")
        #expect(!result.timedOut)
    }

    @Test func aFailingMPICallHasCodeClassAndText() throws {
        let result = try mpirun(np: 2, [Locations.product("CollectivesProbe"), "truncate"], deadline: 30)
        #expect(result.status == 5, "\(result)")
        #expect(
            result.everything.contains("MPI_Bcast failed (MPI_ERR_TRUNCATE, class 15, code 15): MPI_ERR_TRUNCATE: message truncated"),
            "\(result)")
    }

    @Test func aTrapNamesItsRankAndEndsAll() throws {
        let result = try mpirun(np: 3, [Locations.product("CollectivesProbe"), "trap", "1"], environment: quiet, deadline: 30)
        #expect(result.status != 0, "\(result)")
        #expect(!result.timedOut, "\(result)")
        #expect(result.everything.contains("rank 1 was told to trap") || !isDebugBuild, "\(result)")
        #expect(result.everything.contains("lockstep: rank 1 on ") && result.everything.contains(" crashed: SIG"), "\(result)")
    }

    @Test(arguments: [0, 1])
    func aKilledRankEndsAll(rank: Int) throws {
        let job = try startMPI(np: 3, [Locations.product("CollectivesProbe"), "stall", "2"])
        #expect(job.waitForOutput("rank 2 stalls", deadline: 30), "\(job.everythingSoFar)")
        let ranks = (0..<3).compactMap { job.processOfRank($0) }
        try #require(ranks.count == 3)
        kill(ranks[rank], SIGKILL)
        let result = job.wait(deadline: 10)
        #expect(!result.timedOut, "\(result)")
        #expect(result.status == 137, "\(result)")
        #expect(result.everything.contains("process rank \(rank) "), "\(result)")
        #expect(areGone(ranks, within: 10))
    }

    @Test func aPlainStartNeverTouchesMPI() throws {
        let result = try runProcess([Locations.product("CollectivesProbe"), "start"])
        #expect(result.status == 0, "\(result)")
        #expect(result.lines == ["rank 0 of 1 by single"])
    }

    @Test(arguments: [
        (["PMI_SIZE": "4", "PMI_RANK": "0"], "PMI_SIZE=4 says that 4 were started", "mpirun.openmpi -np 4 lockstep"),
        (["SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "0"], "SLURM_STEP_NUM_TASKS=3", "srun --mpi=pmix -n 3 lockstep"),
        (["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], "OMPI_COMM_WORLD_SIZE=2", "belongs to another Open MPI"),
    ])
    func aWorldOfOneThatShouldBeLargerExplainsItself(environment: [String: String], fact: String, remedy: String) throws {
        let added = rootEnvironment.merging(environment.mapValues { Optional($0) }) { $1 }
        let result = try runProcess([Locations.product("CollectivesProbe"), "start"], environment: added, deadline: 30)
        #expect(result.status == 6, "\(result)")
        #expect(result.errorOutput.contains(fact), "\(result)")
        #expect(result.errorOutput.contains(remedy), "\(result)")
        #expect(result.errorOutput.contains("the mpirun in PATH is /") || environment["SLURM_PROCID"] != nil, "\(result)")
    }
}

private var isDebugBuild: Bool {
    var debug = false
    assert(
        {
            debug = true
            return true
        }())
    return debug
}

@Suite struct LaunchEnvironmentTests {
    @Test(
        arguments: [
            ([:], LaunchEnvironment.Launcher.none, 0, 1),
            (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "3"], .openMPI, 3, 4),
            (["PMI_SIZE": "2", "PMI_RANK": "1"], .pmi, 1, 2),
            (["PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "6"], .pmix, 1, 6),
            (["SLURM_STEP_NUM_TASKS": "6", "SLURM_PROCID": "5"], .slurmStep, 5, 6),
            // A batch script and an interactive shell of an allocation are plain starts.
            (["SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_JOB_ID": "17"], .none, 0, 1),
            (["SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"], .none, 0, 1),
            // mpirun inside a job of srun: mpirun's word counts.
            (["SLURM_STEP_NUM_TASKS": "2", "OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"], .openMPI, 0, 1),
        ] as [([String: String], LaunchEnvironment.Launcher, Int, Int)])
    func readsTheLauncher(variables: [String: String], launcher: LaunchEnvironment.Launcher, rank: Int, size: Int) {
        let environment = LaunchEnvironment { variables[$0] }
        #expect(environment.launcher == launcher)
        #expect(environment.rank == rank)
        #expect(environment.size == size)
    }
}
