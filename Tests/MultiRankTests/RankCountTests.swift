import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// The result does not depend on how many ranks there are.
    @Suite struct RankCount {
        @Test func weightsAreEqualOnOneToFourRanks() throws {
            try Workshop.open { shop in
                let alone = try shop.finish("alone", np: nil)
                let hash = try alone.weights()
                let losses = try alone.losses()
                #expect(losses.count == 2 * stepsPerEpoch)
                for np in 1...4 {
                    let run = try shop.finish("np\(np)", np: np)
                    #expect(try run.weights() == hash, "np \(np)")
                    #expect(try run.losses() == losses, "np \(np)")
                    #expect(try run.json("summary.json")["ranks"] as? Int == np)
                }
                // Dropout and order really depend on the seed, or equality would say little.
                #expect(try shop.finish("other", np: nil, ["seed=8"]).weights() != hash)
            }
        }

        /// Plain MPI_Allreduce adds in an order of its own: close, and equal in everything people look at.
        @Test(arguments: [2, 3])
        func allReduceComesCloseToTheTree(np: Int) throws {
            try Workshop.open { shop in
                let tree = try shop.finish("tree", np: np).losses()
                let plain = try shop.finish("plain", np: np, ["parallel.exchange=allreduce"]).losses()
                #expect(tree.count == plain.count)
                for (step, loss) in tree {
                    let other = try #require(plain[step])
                    #expect(abs(loss - other) <= 1e-4 * max(1, abs(loss)), "step \(step): \(loss) and \(other)")
                }
            }
        }

        @Test func aBatchSmallerThanTheRanksLeavesSomeEmpty() throws {
            try Workshop.open { shop in
                // Batches of 5 in 4 shards on 3 ranks, the last batch of an epoch smaller still.
                let more = ["batch=5", "steps=40"]
                let hash = try shop.finish("alone", np: nil, more).weights()
                #expect(try shop.finish("three", np: 3, more).weights() == hash)
            }
        }

        @Test func evaluationAgreesAloneAndUnderMpirunAndWithTheRun() throws {
            try Workshop.open { shop in
                let run = try shop.finish("run", np: 2)
                let summary = try run.json("summary.json")
                let alone = try runProcess([shop.lockstep, "evaluate", run.path, "--json"])
                #expect(alone.status == 0, "\(alone)")
                let ranks = try mpirun(np: 3, [shop.lockstep, "evaluate", run.path, "--json"])
                #expect(ranks.status == 0, "\(ranks)")
                #expect(alone.lines == ranks.lines)
                let figures = try #require(try JSONSerialization.jsonObject(with: Data(alone.output.utf8)) as? [String: Any])
                let test = try #require(summary["test"] as? [String: Double])
                for (name, value) in test { #expect(found(name, in: figures).contains(value), "test.\(name) \(value) in \(figures)") }
            }
        }

        /// All values of this name, wherever in the object they are.
        private func found(_ name: String, in object: [String: Any]) -> [Double] {
            object.flatMap { key, value -> [Double] in
                if key == name, let number = value as? Double { return [number] }
                return (value as? [String: Any]).map { found(name, in: $0) } ?? []
            }
        }
    }
}
