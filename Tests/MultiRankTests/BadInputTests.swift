import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// What is wrong is said once, by one rank, with DESIGN's exit code, and nobody is left waiting.
    @Suite struct BadInput {
        private func expectOneMessage(_ result: ProcessResult, code: Int32, _ parts: [String]) {
            #expect(!result.timedOut, "\(result)")
            #expect(result.status == code, "\(result)")
            let said = result.everything.split(whereSeparator: \.isNewline).filter { $0.contains("lockstep: ") }
            #expect(said.count == 1, "\(result)")
            for part in parts { #expect(result.everything.contains(part), "'\(part)' is missing: \(result)") }
        }

        @Test func ranksWithDifferentRecipesAreNamed() throws {
            try Workshop.open { shop in
                let command = ["-np", "2"] + shop.train("mixed") + [":", "-np", "1"] + shop.train("mixed", ["seed=8"])
                let result = try mpirun(np: nil, command, deadline: 60)
                expectOneMessage(result, code: 2, ["rank 2 on ", "recipe"])
                #expect(!shop.directory("mixed").has("summary.json"))
            }
        }

        @Test func anUnknownKeyIsSaidOnce() throws {
            try Workshop.open { shop in
                let result = try mpirun(np: 3, shop.train("run", ["optimizer.learning_rat=0.1"]), deadline: 60)
                expectOneMessage(result, code: 2, ["optimizer.learning_rat", "optimizer.learning_rate"])
            }
        }

        @Test func missingDataIsSaidOnce() throws {
            try Workshop.open { shop in
                let result = try mpirun(
                    np: 2, [shop.lockstep, "train", "mnist-cnn", "data.path=\(shop.folder)/nowhere", "output=\(shop.folder)/runs"],
                    deadline: 60)
                expectOneMessage(result, code: 3, ["nowhere"])
            }
        }

        @Test func aBatchSmallerThanTheShardsIsRefused() throws {
            try Workshop.open { shop in
                expectOneMessage(
                    try mpirun(np: 2, shop.train("run", ["batch=3"]), deadline: 60), code: 2,
                    ["`batch` is 3", "`parallel.virtual_shards`, which is 4"])
            }
        }

        @Test func anExistingRunNameIsRefused() throws {
            try Workshop.open { shop in
                let run = try shop.finish("run", np: nil, ["steps=3"])
                let before = try run.weights()
                let result = try mpirun(np: 2, shop.train("run", ["steps=3"]), deadline: 60)
                expectOneMessage(result, code: 2, ["exists already", "run="])
                #expect(try run.weights() == before)
            }
        }

        @Test func anUnwritableRunDirectoryIsSaidOnce() throws {
            try Workshop.open { shop in
                // A file where a folder is needed refuses root as well.
                try writeText("", to: shop.folder + "/file")
                let result = try mpirun(np: 2, [shop.lockstep, "train", shop.recipe, "output=\(shop.folder)/file/runs"], deadline: 60)
                expectOneMessage(result, code: 6, ["\(shop.folder)/file"])
            }
        }

        @Test func aWrongNumberOfRanksIsSaidOnce() throws {
            try Workshop.open { shop in
                expectOneMessage(try mpirun(np: 2, shop.train("run", ["--expect-ranks", "4"]), deadline: 60), code: 6, ["mpirun -np 4"])
            }
        }

        @Test func aLauncherOfAnotherMPIIsNotTrainedUnder() throws {
            try Workshop.open { shop in
                let result = try runProcess(
                    shop.train("run"), environment: rootEnvironment.merging(["PMI_SIZE": "4", "PMI_RANK": "0"]) { $1 }, deadline: 60)
                expectOneMessage(result, code: 6, ["PMI_SIZE=4", "mpirun.openmpi -np 4"])
                #expect(!shop.directory("run").has("recipe.yaml"))
            }
        }
    }
}
