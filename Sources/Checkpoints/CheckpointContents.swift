import Formats
import TensorCore

/// The numbers of a checkpoint, in the shapes and names of files.
package struct CheckpointContents: Sendable, Equatable {
    /// model.safetensors: the parameters.
    package var model: [Tensor]
    /// optimizer.safetensors: every state arena, "exp_avg.layers.0.weight". May be empty.
    package var optimizer: [Tensor]
    /// best.safetensors: the best weights so far, where the run keeps them.
    package var best: [Tensor]?

    package init(model: [Tensor], optimizer: [Tensor], best: [Tensor]? = nil) {
        self.model = model
        self.optimizer = optimizer
        self.best = best
    }

    static let modelFile = "model.safetensors"
    static let optimizerFile = "optimizer.safetensors"
    static let bestFile = "best.safetensors"

    /// The files to write, in the order of writing.
    var files: [(name: String, tensors: [Tensor])] {
        var list = [(CheckpointContents.modelFile, model), (CheckpointContents.optimizerFile, optimizer)]
        if let best { list.append((CheckpointContents.bestFile, best)) }
        return list
    }

    /// Bytes that the files will have, headers estimated.
    var approximateBytes: Int {
        files.reduce(0) { total, file in
            file.tensors.reduce(total + 1024) { $0 + $1.bytes.count + $1.name.utf8.count + 96 }
        }
    }
}

extension CheckpointContents {
    /// Says whether the parameters are those of the model.
    ///
    /// - Parameters:
    ///   - layout: the model's parameters, by name and file shape.
    ///   - path: where the checkpoint lies, for the message.
    /// - Throws: `.mismatch` that names every parameter that is missing, surplus or of another shape, with both shapes.
    package func check(against layout: ParameterLayout, path: String) throws(CheckpointError) {
        var problems: [String] = []
        for entry in layout.modelOrder {
            guard let tensor = model.first(where: { $0.name == entry.name }) else {
                problems.append("\(entry.name) (shape \(entry.fileShape)) is not in the checkpoint")
                continue
            }
            if tensor.shape != entry.fileShape {
                problems.append("\(entry.name) has shape \(tensor.shape) in the checkpoint, the model needs \(entry.fileShape)")
            }
        }
        for tensor in model where layout[tensor.name] == nil {
            problems.append("\(tensor.name) (shape \(tensor.shape)) is in the checkpoint, but not in the model")
        }
        guard !problems.isEmpty else { return }
        let shown = 8
        var lines = problems.prefix(shown).map { "  " + $0 }
        if problems.count > shown { lines.append("  and \(problems.count - shown) more") }
        throw CheckpointError(
            .mismatch, path: path,
            "\(path) is a checkpoint of another model:\n\(lines.joined(separator: "\n"))\n"
                + "Use the recipe it was saved with, or name another run with run=NAME.")
    }
}

/// A checkpoint in memory: read, and every digest verified.
package struct Checkpoint: Sendable, Equatable {
    package var manifest: CheckpointManifest
    package var contents: CheckpointContents
    /// Its folder, for messages.
    package var path: String
}
