import Checkpoints
import Collectives
import Foundation
import Testing

@Suite struct AgreementTests {
    let folder = TemporaryFolder()

    @Test func everyRankGetsTheSameManifestAndContents() throws {
        let path = folder.path
        let results = try ThreadGroup.run(3) { group -> (String, Int, String) in
            let store = CheckpointStore(directory: path)
            if group.rank == 0 { try store.prepare() }
            try group.barrier()
            let saved = try store.save(sampleManifest(step: 7), on: group) { sampleContents(step: 7) }
            let (restored, _) = try store.restoreNewest(on: group)
            let checkpoint = try #require(restored)
            #expect(checkpoint.manifest == saved)
            return (saved.digest, checkpoint.manifest.step, weightsDigest(checkpoint.contents.model))
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(results[0].1 == 7)
        #expect(results[0].2 == weightsDigest(sampleContents(step: 7).model))
    }

    @Test func aRefusalOnOneRankIsKnownToAllAndNothingExists() throws {
        let path = folder.path
        let store = CheckpointStore(directory: path)
        try store.saveSample(step: 1)
        let results = try ThreadGroup.run(3) { group -> CheckpointError? in
            do {
                try CheckpointStore(directory: path).save(
                    sampleManifest(step: 2), problem: group.rank == 2 ? "its weights differ from rank 0's" : nil, on: group
                ) { sampleContents(step: 2) }
                return nil
            } catch { return error as? CheckpointError }
        }
        #expect(results.allSatisfy { $0?.kind == .refused })
        #expect(results.allSatisfy { $0 == results[2] })
        #expect(results[0]?.description.contains("rank 2") == true)
        #expect(results[0]?.description.contains("weights differ") == true)
        #expect(names(in: path) == ["step-00000001"])
    }

    @Test(arguments: [3, 6]) func aFailedWriteOnRank0IsKnownToAll(_ operation: Int) throws {
        let path = folder.path
        let results = try ThreadGroup.run(2) { group -> CheckpointError? in
            let fault: FaultyFileSystem.Fault = group.rank == 0 ? .failWrites(from: operation, code: 28) : .none
            do {
                try CheckpointStore(directory: path, fileSystem: FaultyFileSystem(fault: fault))
                    .save(sampleManifest(step: 2), on: group) { sampleContents(step: 2) }
                return nil
            } catch { return error as? CheckpointError }
        }
        #expect(results.allSatisfy { $0?.kind == .diskFull })
        #expect(results[0] == results[1])
        #expect(names(in: path) == [])
    }

    @Test func nothingUsableIsNothingOnEveryRank() throws {
        let path = folder.path
        let results = try ThreadGroup.run(2) { group in
            try CheckpointStore(directory: path).restoreNewest(on: group).checkpoint == nil
        }
        #expect(results == [true, true])
    }

    @Test func passedOverFilesAreKnownToAll() throws {
        let path = folder.path
        let store = CheckpointStore(directory: path)
        try store.saveSample(step: 1)
        try store.saveSample(step: 2)
        try Data().write(to: URL(fileURLWithPath: path + "/step-00000002/model.safetensors"))
        let results = try ThreadGroup.run(2) { group -> (Int?, [PassedOver]) in
            let (checkpoint, passedOver) = try CheckpointStore(directory: path).restoreNewest(on: group)
            return (checkpoint?.manifest.step, passedOver)
        }
        for (step, passedOver) in results {
            #expect(step == 1)
            #expect(passedOver.map(\.path) == [path + "/step-00000002/model.safetensors"])
        }
    }
}
