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

        /// Batch normalisation (statistics of each shard, running ones combined), residual blocks, attention, LSTM and dropout, in both
        /// precisions: weights and buffers are the same bits on any number of ranks.
        @Test(arguments: [imageLayers, attentionLayers, recurrentLayers], ["fp32", "bf16"])
        func newLayersAreEqualOnOneToFourRanks(layers: String, precision: String) throws {
            try Workshop.open { shop in
                try writeText(recipe(layers), to: shop.recipe)
                let more = ["precision=\(precision)"]
                let alone = try shop.finish("alone", np: nil, more)
                let hash = try alone.weights()
                let buffers = try alone.json("summary.json")["buffers_sha256"] as? String
                #expect((buffers != nil) == layers.contains("batchnorm2d"))
                for np in 1...4 {
                    let run = try shop.finish("np\(np)", np: np, more)
                    #expect(try run.weights() == hash, "np \(np)")
                    #expect(try run.json("summary.json")["buffers_sha256"] as? String == buffers, "np \(np)")
                }
                // Recomputation repeats forward's bits.
                #expect(try shop.finish("again", np: 2, more + ["model.recompute=blocks"]).weights() == hash)
            }
        }

        static let imageLayers = """
            - residual: {layers: [{conv2d: {filters: 8, kernel: 3, padding: 1, bias: false}}, batchnorm2d, dropout: 0.2], shortcut: [{conv2d: {filters: 8, kernel: 1, bias: false}}, batchnorm2d], activation: relu}
            - maxpool2d: 2
            - globalaveragepool2d
            - dense: 10
            """
        static let attentionLayers = """
            - embedding: {vocabulary: 20, width: 12, positions: true}
            - transformer: {heads: 3, hidden: 24, dropout: 0.2}
            - layernorm
            - head: 0
            """
        static let recurrentLayers = """
            - embedding: {vocabulary: 20, width: 10}
            - lstm: {units: 9}
            - dropout: 0.3
            - dense: 20
            """

        private func recipe(_ layers: String) -> String {
            let isText = layers.contains("embedding")
            let data = isText ? "{format: synthetic, samples: 60, validation: 0.2}" : "{format: digits, validation: 0.2}"
            let indented = layers.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
            return """
                name: new-layers
                seed: 3
                data: \(data)
                model:
                  input: \(isText ? "[7]" : "[8, 8, 1]")
                  layers:
                \(indented)
                loss: softmax_cross_entropy
                optimizer: {name: adamw, learning_rate: 3e-3}
                batch: 13
                steps: 12
                parallel: {virtual_shards: 4}
                log: {tensorboard: false}

                """
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
