import DataPipeline
import Graphs
import Networks
import Optimizers
import Quality

/// Everything that says what a run does, with types: what a recipe file, its overrides and the defaults come to.
///
/// A value, the same on all ranks for the same text and overrides. ``resolvedYAML`` writes it out whole; reading that back gives an equal
/// recipe.
package struct Recipe: Sendable, Equatable {
    package var name: String
    package var seed: UInt64
    package var data: DataSpec
    /// The network, with `sequential` and `repeat` opened, and the loss.
    package var network: NetworkSpec
    /// What kind of answer the network gives, from the loss and the width of its last layer.
    package var task: TaskKind
    package var optimizer: OptimizerSpec
    /// `optimizer.clip_norm`: the largest global norm of the gradient; nil clips nothing.
    package var gradientClip: Double?
    package var schedule: ScheduleSpec
    /// The global batch, in samples over all ranks.
    package var batch: Int
    /// At least one of `epochs` and `steps` is set; whichever ends first, ends the run.
    package var epochs: Int?
    package var steps: Int?
    package var precision: Precision
    /// A safetensors file with the initial weights; nil draws them from the seed.
    package var initFrom: String?
    package var parallel: ParallelSettings
    package var quality: QualitySettings
    package var checkpoint: CheckpointSettings
    /// The folder that run directories are made in.
    package var output: String
    /// The run's name; nil has one made up.
    package var run: String?
    package var log: LogSettings
    /// What messages call this recipe: its file's path, or `recipe digits` for a built-in one. Not compared.
    package var source: String

    package var loss: LossKind { network.loss }

    package static func == (a: Recipe, b: Recipe) -> Bool { a.resolved == b.resolved }
}
