import Checkpoints
import Collectives
import Foundation
import TensorCore

/// A folder that is removed with the value's owner's test.
final class TemporaryFolder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-checkpoints-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Tensors that tell which step they are of.
func sampleContents(step: Int, best: Bool = false) -> CheckpointContents {
    let weight = Tensor(name: "layers.0.weight", shape: [2, 3], floats: (0..<6).map { Float(step) + Float($0) })
    let bias = Tensor(name: "layers.0.bias", shape: [2], floats: [Float(step), -Float(step)])
    let moment = Tensor(name: "exp_avg.layers.0.weight", shape: [2, 3], floats: (0..<6).map { Float(step) * 0.5 + Float($0) })
    return CheckpointContents(model: [weight, bias], optimizer: [moment], best: best ? [weight, bias] : nil)
}

func sampleManifest(step: Int, generation: Int = 0) -> CheckpointManifest {
    CheckpointManifest(
        step: step, batch: step, epoch: 1, generation: generation, optimizerUpdates: step, virtualShards: 2, ranks: 2,
        instructionSet: "avx2",
        recipeHash: "r", layoutFingerprint: "l", dataFingerprint: "d", seed: .max, controller: #"{"best":0.5}"#, extra: ["plateau": "1"])
}

extension CheckpointStore {
    @discardableResult
    func saveSample(step: Int, generation: Int = 0, best: Bool = false) throws -> CheckpointManifest {
        try save(sampleManifest(step: step, generation: generation), on: SingleMemberGroup()) { sampleContents(step: step, best: best) }
    }
}

func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}
