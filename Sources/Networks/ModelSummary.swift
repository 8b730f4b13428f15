import Graphs
import TensorCore

/// A network in figures: a line per layer and totals.
package struct ModelSummary: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        package let name: String
        package let type: String
        /// Without the batch dimension.
        package let outputShape: Shape
        /// Trainable elements.
        package let parameters: Int
        /// Floating-point operations of the forward pass per sample.
        package let flops: Int
    }

    package struct Memory: Sendable, Equatable {
        package let category: String
        package let bytes: Int
    }

    package let rows: [Row]
    package let inputShape: Shape
    package let loss: String
    /// Trainable elements.
    package let parameters: Int
    /// Floating-point operations per sample, forward; two per multiply-add of products and convolutions.
    package let flops: Int
    /// Forward and backward.
    package let trainingFlops: Int
    /// Rows of a batch that the arena is planned for.
    package let capacity: Int
    /// The arena of intermediate values.
    package let arenaBytes: Int
    /// What the arena would need per category if nothing shared memory.
    package let breakdown: [Memory]
    /// One arena of parameters; gradients and each optimiser state have as much again.
    package let parameterArenaBytes: Int
}

extension Network {
    /// Describes a model and the program that it was compiled to.
    package static func summary(_ model: ModelGraph, program: Program) -> ModelSummary {
        let rows = model.layers.map { layer in
            ModelSummary.Row(
                name: layer.name, type: layer.type, outputShape: layer.outputShape,
                parameters: layer.parameters.reduce(0) { $0 + (model.parameters[$1].trainable ? model.parameters[$1].count : 0) },
                flops: layer.flops)
        }
        return ModelSummary(
            rows: rows, inputShape: model.inputShape, loss: model.loss.rawValue, parameters: program.layout.trainableCount,
            flops: program.forwardFlops, trainingFlops: program.forwardFlops + program.backwardFlops, capacity: program.capacity,
            arenaBytes: program.plan.arenaBytes,
            breakdown: program.plan.breakdown.map { ModelSummary.Memory(category: $0.category.rawValue, bytes: $0.bytes) },
            parameterArenaBytes: program.layout.elementCount * program.scalarBytes)
    }
}
