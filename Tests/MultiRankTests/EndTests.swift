import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// Ways out of a run in its middle: killed ranks, signals, and going on afterwards.
    @Suite struct Ends {
        /// Long enough that its middle can be hit; checkpoints inside epochs.
        private let long = ["epochs=100000"]
        private let whole = ["epochs=60"]

        /// Starts a run and returns when its checkpoint of step 50 is complete.
        private func started(_ shop: Workshop, _ run: String, np: Int, _ more: [String], options: [String] = []) throws -> RunningProcess {
            let job = try startMPI(np: np, shop.train(run, more), options: options)
            let begun = job.waitUntil(deadline: 60) { shop.directory(run).checkpoints().contains { $0 >= 50 } }
            try #require(begun && isAlive(job.pid), "\(job.everythingSoFar)")
            return job
        }

        @Test(arguments: [0, 1])
        func aKilledRankEndsEveryProcessAndIsNamed(rank: Int) throws {
            try Workshop.open { shop in
                let job = try started(shop, "killed", np: 2, long)
                let ranks = (0..<2).compactMap { job.processOfRank($0) }
                try #require(ranks.count == 2)
                kill(ranks[rank], SIGKILL)
                let result = job.wait(deadline: 10)
                #expect(!result.timedOut, "\(result)")
                #expect(result.status != 0, "\(result)")
                #expect(result.everything.contains("rank \(rank)"), "\(result)")
                #expect(areGone(ranks, within: 10))
            }
        }

        /// N + M steps in one go, or N, kill -9, --resume, M: the same weights.
        @Test(arguments: [(1, 1), (2, 2), (2, 3), (3, 1)])
        func aKilledRunResumesExactlyInMidEpoch(before: Int, after: Int) throws {
            try Workshop.open { shop in
                let straight = try shop.finish("straight", np: before, whole)
                let job = try started(shop, "cut", np: before, whole)
                try kill(#require(job.processOfRank(before - 1)), SIGKILL)
                let cut = job.wait(deadline: 10)
                #expect(!cut.timedOut && cut.status != 0, "\(cut)")
                let run = shop.directory("cut")
                #expect(!run.has("summary.json"), "the run was over before it was killed")

                let resumed = try mpirun(np: after, shop.train("cut", whole + ["--resume"]))
                #expect(resumed.status == 0, "\(resumed)")
                #expect(try run.weights() == straight.weights())
                #expect(try run.losses() == straight.losses())
                let event = try #require(try run.lines("events.jsonl").last { $0["kind"] as? String == "resumed" })
                let step = try #require(event["step"] as? Int)
                #expect(step >= 50 && step % stepsPerEpoch != 0, "resumed at step \(step), the end of an epoch")
            }
        }

        @Test(arguments: [SIGTERM, SIGINT])
        func aStoppedPlainRunWritesACheckpointAndResumes(signal: Int32) throws {
            try Workshop.open { shop in
                let straight = try shop.finish("straight", np: nil, whole)
                let job = try startProcess(shop.train("stopped", whole))
                try #require(job.waitUntil(deadline: 60) { shop.directory("stopped").checkpoints().contains { $0 >= 50 } })
                job.send(signal)
                let result = job.wait(deadline: 20)
                #expect(result.status == 128 + signal, "\(result)")
                let run = shop.directory("stopped")
                #expect(try run.stopReason() == (signal == SIGTERM ? "terminated" : "interrupted"))
                let last = try #require(run.checkpoints().last)
                #expect(last == (try run.json("summary.json")["steps"] as? Int))

                try #require(runProcess(shop.train("stopped", whole + ["--resume"])).status == 0)
                #expect(try run.weights() == straight.weights())
            }
        }

        @Test func aTermOfOneRankStopsAllWithACheckpointAnd143() throws {
            try Workshop.open { shop in
                let job = try started(shop, "stopped", np: 3, long)
                try kill(#require(job.processOfRank(2)), SIGTERM)
                let result = job.wait(deadline: 20)
                #expect(result.status == 143, "\(result)")
                let run = shop.directory("stopped")
                #expect(try run.stopReason() == "terminated")
                #expect(run.checkpoints().last == (try run.json("summary.json")["steps"] as? Int))
            }
        }

        /// mpirun waits odls_base_sigkill_timeout, passes TERM on, waits as long again and kills what is left, and its code is its own.
        /// While it waits it reads no output, so a run that talks much would stand still in a write: this one is silent.
        @Test func aTermOfMpirunStopsAllWithACheckpoint() throws {
            try Workshop.open { shop in
                let job = try started(
                    shop, "stopped", np: 2, long + ["log.progress=none"], options: ["--mca", "odls_base_sigkill_timeout", "4"])
                job.send(SIGTERM)
                let result = job.wait(deadline: 30)
                #expect(!result.timedOut && result.status != 0, "\(result)")
                let run = shop.directory("stopped")
                #expect(try run.stopReason() == "terminated")
                #expect(run.checkpoints().last == (try run.json("summary.json")["steps"] as? Int))
            }
        }

        @Test func userSignalWritesACheckpointAndGoesOn() throws {
            try Workshop.open { shop in
                let job = try startMPI(np: 2, shop.train("run", long + ["checkpoint.every_steps=0"]))
                let run = shop.directory("run")
                try #require(job.waitUntil(deadline: 60) { ((try? run.losses().count) ?? 0) > 20 }, "\(job.everythingSoFar)")
                #expect(!run.checkpoints().contains { $0 > 0 })
                job.send(SIGUSR1)
                #expect(job.waitUntil(deadline: 20) { run.checkpoints().contains { $0 > 0 } }, "\(job.everythingSoFar)")
                let lines = (try? run.losses().count) ?? 0
                #expect(job.waitUntil(deadline: 20) { ((try? run.losses().count) ?? 0) > lines }, "the run did not go on")
                try kill(#require(job.processOfRank(0)), SIGTERM)
                #expect(job.wait(deadline: 20).status == 143)
            }
        }
    }
}
