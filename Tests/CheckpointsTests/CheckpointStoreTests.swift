import Checkpoints
import Collectives
import Foundation
import TensorCore
import Testing

@Suite struct CheckpointStoreTests {
    let folder = TemporaryFolder()

    @Test func whatWasSavedComesBack() throws {
        let store = CheckpointStore(directory: folder.path)
        try store.prepare()
        let saved = try store.saveSample(step: 500, best: true)
        #expect(saved.state == .candidate)
        #expect(saved.files.map(\.name) == ["model.safetensors", "optimizer.safetensors", "best.safetensors"])
        let loaded = try store.load(step: 500)
        #expect(loaded.manifest == saved)
        #expect(loaded.manifest.seed == .max)
        #expect(loaded.manifest.controller == #"{"best":0.5}"#)
        #expect(Set(loaded.contents.model.map(\.name)) == ["layers.0.weight", "layers.0.bias"])
        let sample = sampleContents(step: 500, best: true)
        #expect(weightsDigest(loaded.contents.model) == weightsDigest(sample.model))
        #expect(weightsDigest(loaded.contents.optimizer) == weightsDigest(sample.optimizer))
        #expect(loaded.contents.best.map(weightsDigest) == sample.best.map(weightsDigest))
        #expect(
            names(in: folder.path + "/step-00000500")
                == ["best.safetensors", "manifest.json", "model.safetensors", "optimizer.safetensors"])
    }

    @Test func weightsDigestIsOverBytesInNameOrder() {
        let a = Tensor(name: "a", shape: [1], floats: [1])
        let b = Tensor(name: "b", shape: [1], floats: [2])
        #expect(weightsDigest([a, b]) == weightsDigest([b, a]))
        #expect(weightsDigest([a, b]) == sha256Hex(a.bytes + b.bytes))
        #expect(sha256Hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func truncatedFileIsNamedAndTheOlderOneUsed() throws {
        let store = CheckpointStore(directory: folder.path)
        try store.saveSample(step: 100)
        try store.saveSample(step: 200)
        let victim = folder.path + "/step-00000200/optimizer.safetensors"
        let bytes = try #require(FileManager.default.contents(atPath: victim))
        try bytes.prefix(bytes.count - 5).write(to: URL(fileURLWithPath: victim))
        let (found, passedOver) = store.newestUsable()
        #expect(found?.step == 100)
        #expect(passedOver.map(\.path) == [victim])
        #expect(passedOver[0].reason == "truncated: \(bytes.count - 5) bytes, the manifest says \(bytes.count)")
    }

    @Test func alteredFileIsNamed() throws {
        let store = CheckpointStore(directory: folder.path)
        try store.saveSample(step: 100)
        try store.saveSample(step: 200)
        let victim = folder.path + "/step-00000200/model.safetensors"
        var bytes = try #require(FileManager.default.contents(atPath: victim))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: victim))
        let (found, passedOver) = store.newestUsable()
        #expect(found?.step == 100)
        #expect(passedOver == [PassedOver(path: victim, reason: "altered: its SHA-256 is not the one in the manifest")])
        #expect { try store.load(step: 200) } throws: { ($0 as? CheckpointError)?.kind == .damaged }
    }

    @Test func alteredManifestAndMissingFilesAreNamed() throws {
        let store = CheckpointStore(directory: folder.path)
        for step in [100, 200, 300] { try store.saveSample(step: step) }
        let manifest = folder.path + "/step-00000300/manifest.json"
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        try text.replacingOccurrences(of: "\"batch\" : 300", with: "\"batch\" : 301").write(
            toFile: manifest, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: folder.path + "/step-00000200/model.safetensors")
        let (found, passedOver) = store.newestUsable()
        #expect(found?.step == 100)
        #expect(
            passedOver == [
                PassedOver(path: folder.path + "/step-00000200/model.safetensors", reason: "the file is missing"),
                PassedOver(path: manifest, reason: "the manifest was altered: its digest is not the one it states"),
            ])
        let error = CheckpointError.nothingUsable(in: folder.path, passedOver: passedOver)
        #expect(error.kind == .damaged && error.exitCode == 3)
        #expect(error.description.contains("model.safetensors: the file is missing"))
    }

    @Test func limitAndStateAreObeyed() throws {
        let store = CheckpointStore(directory: folder.path)
        for step in [100, 200, 300] { try store.saveSample(step: step) }
        #expect(store.newestUsable(before: 250).checkpoint?.step == 200)
        #expect(store.newestUsable(goodOnly: true).checkpoint == nil)
        #expect(try store.mark(step: 100, as: .good))
        #expect(store.newestUsable(goodOnly: true).checkpoint?.step == 100)
        #expect(try store.abandon(after: 100) == [200, 300])
        #expect(store.newestUsable().checkpoint?.step == 100)
        #expect(try store.mark(step: 999, as: .good) == false)
        #expect(store.list().map(\.state) == [.good, .bad, .bad])
    }

    @Test func aLaterGenerationIsNewer() throws {
        let store = CheckpointStore(directory: folder.path)
        try store.saveSample(step: 300)
        try store.saveSample(step: 500)
        try store.saveSample(step: 400, generation: 1)
        #expect(store.newestUsable().checkpoint?.step == 400)
        try store.saveSample(step: 500, generation: 1)
        #expect(store.newestUsable().checkpoint?.generation == 1)
        #expect(store.list().map(\.step) == [300, 400, 500])
        #expect(names(in: folder.path) == ["step-00000300", "step-00000400", "step-00000500"])
    }

    @Test func anotherModelIsRefusedNamingBothShapes() throws {
        let layout = ParameterLayout(
            [
                ParameterDescription(name: "layers.0.weight", role: "weight", memoryShape: [4, 2], transform: .transposed, fanIn: 4),
                ParameterDescription(name: "layers.1.bias", role: "bias", memoryShape: [2], transform: .identity, fanIn: 4),
            ], memoryOrder: [1, 0])
        #expect {
            try sampleContents(step: 1).check(against: layout, path: "runs/x")
        } throws: { error in
            guard let error = error as? CheckpointError else { return false }
            return error.kind == .mismatch
                && error.description.contains("layers.0.weight has shape [2, 3] in the checkpoint, the model needs [2, 4]")
                && error.description.contains("layers.1.bias (shape [2]) is not in the checkpoint")
                && error.description.contains("layers.0.bias (shape [2]) is in the checkpoint, but not in the model")
        }
    }

    @Test func anEmptyFolderHasNothing() throws {
        let store = CheckpointStore(directory: folder.path + "/none")
        #expect(store.list().isEmpty)
        let (found, passedOver) = store.newestUsable()
        #expect(found == nil && passedOver.isEmpty)
        #expect(CheckpointError.nothingUsable(in: "x", passedOver: []).description.contains("Train without --resume"))
    }
}
