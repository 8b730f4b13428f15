import Checkpoints
import Foundation
import Formats
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct RunDirectoryTests {
    @Test func makesFoldersAndGeneratesNames() throws {
        try withTemporaryDirectory { folder in
            let date = try #require(
                Calendar(identifier: .gregorian).date(
                    from: DateComponents(year: 2026, month: 11, day: 21, hour: 4, minute: 15, second: 3)))
            let first = try RunDirectory.create(output: folder + "/runs/", run: nil, recipeName: "digits", resuming: false, date: date)
            let second = try RunDirectory.create(output: folder + "/runs", run: nil, recipeName: "digits", resuming: false, date: date)
            #expect(first.name == "digits-20261121-041503")
            #expect(second.name == "digits-20261121-041503-2")
            #expect(first.path == folder + "/runs/digits-20261121-041503")
            for path in [first.checkpointsPath, first.tensorBoardPath, first.logsPath] {
                #expect(POSIXFileSystem().isDirectory(path))
            }
        }
    }

    @Test func aTakenNameIsRefusedAndResumingFindsIt() throws {
        try withTemporaryDirectory { folder in
            let made = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            #expect {
                try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.kind == .exists && error.exitCode == 2 && error.description.contains("\(folder)/mine exists already")
                    && error.description.contains("--resume")
            }
            #expect { try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: true) } throws: { error in
                (error as? RunDirectoryError)?.kind == .missing
            }
            try made.writeRecipe("name: x\n")
            let resumed = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: true)
            #expect(resumed.path == made.path)
            #expect(try RunDirectory.open(made.path + "/").name == "mine")
            #expect {
                try RunDirectory.create(output: folder, run: "other", recipeName: "x", resuming: true)
            } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.exitCode == 2 && error.description.contains("there is no run to resume")
                    && error.description.contains("holds mine")
            }
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "-x", "a b", "ü"]) func oddNamesAreRefused(_ name: String) throws {
        try withTemporaryDirectory { folder -> Void in
            #expect { try RunDirectory.create(output: folder, run: name, recipeName: "x", resuming: false) } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.kind == .badName && error.exitCode == 2 && error.description.contains("letters, digits")
            }
        }
    }

    @Test func anUnwritableFolderIsAnEnvironmentError() throws {
        try withTemporaryDirectory { folder in
            try writeText("a file", to: folder + "/blocked")
            #expect {
                try RunDirectory.create(output: folder + "/blocked/runs", run: nil, recipeName: "x", resuming: false)
            } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.kind == .unwritable && error.exitCode == 6 && error.description.contains("output=")
            }
        }
    }

    @Test func aFullDiskNamesTheFileAndKeepsTheOldOne() throws {
        try withTemporaryDirectory { folder in
            let made = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            try made.writeRecipe("old\n")
            let full = try RunDirectory.create(
                output: folder, run: "mine", recipeName: "x", resuming: true,
                fileSystem: FaultyFileSystem(fault: .failWrites(from: 1, code: ENOSPC)))
            #expect { try full.writeRecipe("new\n") } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.kind == .diskFull && error.exitCode == 6 && error.path == made.recipePath
            }
            #expect(try readText(made.recipePath) == "old\n")
        }
    }

    @Test func theModelIsReadableAndItsDigestIsTheTensors() throws {
        try withTemporaryDirectory { folder in
            let directory = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            let (digest, _, bytes) = try directory.writeModel(SampleRun.model, metadata: ["recipe": "x"])
            let read = try Safetensors.read(directory.modelPath)
            #expect(weightsDigest(read.tensors) == digest)
            #expect(read.metadata == ["format": "pt", "recipe": "x"])
            #expect(try POSIXFileSystem().read(directory.modelPath).count == bytes)
        }
    }

    @Test func factsKeepTheSessionsBefore() throws {
        try withTemporaryDirectory { folder in
            let directory = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            func facts(_ previous: RunFacts?, from step: Int?) -> RunFacts {
                RunFacts(
                    name: "mine", recipeName: "x", recipeHash: "h", arguments: ["lockstep", "train", "x"], hosts: ["a", "b"],
                    virtualShards: 4, instructionSet: "avx2", seed: .max, versions: [.init("swift", "6")], resumedFromStep: step,
                    previous: previous)
            }
            var first = facts(nil, from: nil)
            first.end(reason: "terminated", exitCode: 143)
            try directory.write(first)
            #expect(directory.readFacts() == first)
            let second = facts(directory.readFacts(), from: 500)
            try directory.write(second)
            let read = try #require(directory.readFacts())
            #expect(read == second)
            #expect(read.seed == .max)
            #expect(read.previousSessions.map(\.exitReason) == ["terminated"])
            #expect(read.ended == nil && read.resumedFromStep == 500)
        }
    }

    @Test func summaryHasEveryFieldAndNoNaN() throws {
        var summary = SampleRun.summary(String(repeating: "0", count: 64))
        summary.test = [("loss", .nan), ("accuracy", 0.5)]
        let text = summary.json.serialized()
        let json = try JSONValue.parse(text)
        for key in [
            "stop_reason", "steps", "epochs", "ranks", "seconds", "samples_per_second", "validation", "test", "train", "weights_sha256",
            "rollbacks", "alarms", "quality",
        ] {
            #expect(json[key] != nil, "\(key)")
        }
        #expect(json["test"]?["loss"]?.isNull == true)
        #expect(json["test"]?["nonfinite"] == ["loss"])
        #expect(json["quality"]?["parameters"]?["dead_units"] == 1)
        #expect(json["quality"]?["training"]?["alarms"]?["loss_spike"] == 1)
        let balance = try #require(json["quality"]?["data"]?["class_balance"]?.doubleValue)
        #expect(balance > 0.99 && balance < 1)
        let table = SampleRun.summary(String(repeating: "c", count: 64)).table(directory: "runs/sample", colour: false)
        for part in [
            "early_stopping", "accuracy 97.25 %", "51,234 samples/s", "cccccccccccccccc", "runs/sample", "900 steps", "epoch 6", "4 ranks",
        ] {
            #expect(table.contains(part), "\(part) in \(table)")
        }
    }

    @Test func parametersAreMeasured() {
        let quality = ParameterQuality.measure([
            Tensor(name: "w", shape: [3, 2], floats: [3, 4, 0, 0, .nan, 1]), Tensor(name: "b", shape: [2], floats: [0, -2]),
        ])
        #expect(quality.count == 8)
        #expect(quality.nonFinite == 1 && !quality.isFinite)
        #expect(quality.entries[0].norm == 26.0.squareRoot())
        #expect(quality.entries[0].units == 3 && quality.deadUnits == 1)
        #expect(quality.entries[1].largest == 2 && quality.entries[1].zeros == 0.5 && quality.entries[1].units == 0)
    }
}
