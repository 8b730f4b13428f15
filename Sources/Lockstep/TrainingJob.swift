import Collectives
import Formats
import Recipes
import Training

/// A training run described in Swift instead of a recipe file: the same keys, the same run directory, the same bits.
///
///     let job = TrainingJob(
///         name: "digits", model: network, data: .digits, optimizer: .adam(learningRate: 1e-3), batch: 32, epochs: 10)
///     let outcome = try job.run()   // alone, or on every rank under mpirun
public struct TrainingJob: Sendable {
    /// Where samples come from.
    public enum DataSource: Sendable {
        /// The bundled handwritten digits: 8×8×1, ten classes.
        case digits
        /// A folder with the four MNIST files, plain or gzip.
        case idx(String)
        /// A folder with x.npy and y.npy.
        case npy(String)
        /// A table; the last column is the target unless `target` names another.
        case csv(String, target: String? = nil)
    }

    public enum OptimizerChoice: Sendable {
        case sgd(learningRate: Double, momentum: Double = 0)
        case adam(learningRate: Double = 1e-3)
        case adamw(learningRate: Double = 1e-3, weightDecay: Double = 1e-2)
    }

    /// How a run ended. Only rank 0 has reason and figures; the others get nil and empty.
    public struct Outcome: Sendable {
        public let stopReason: String?
        /// Final figures by name ("loss", "accuracy", …) of the weights that the run left.
        public let validation: [String: Double]
        public let test: [String: Double]
        public let weightsSHA256: String?
        public let runDirectory: String
    }

    private let recipe: Recipe

    /// - Parameter settings: any further keys of the recipe, dotted: `["parallel.virtual_shards=4", "quality.on_spike=warn"]`.
    /// - Throws: a recipe error that names the key and what it takes.
    public init(
        name: String, model: Sequential, data: DataSource, loss: String = "softmax_cross_entropy", optimizer: OptimizerChoice = .adam(),
        batch: Int = 32, epochs: Int, seed: UInt64 = 42, settings: [String] = []
    ) throws {
        let text = JSONValue.object([
            "name": .string(name), "seed": .integer(Int(clamping: seed)), "data": Self.describe(data), "model": model.recipe,
            "loss": .string(loss), "optimizer": Self.describe(optimizer), "batch": .integer(batch), "epochs": .integer(epochs),
        ]).serialized()
        recipe = try Recipe.parse(text, source: "TrainingJob \(name)", overrides: settings)
    }

    /// Trains to the end. Under mpirun every rank calls it; plain starts run as one rank.
    public func run() throws -> Outcome {
        var result: TrainingResult?
        try Session.run { group in
            result = try Trainer.run(recipe, options: TrainingOptions(arguments: CommandLine.arguments), on: group)
        }
        guard let result else { preconditionFailure("TrainingJob: the session ended without a result") }
        return Outcome(
            stopReason: result.summary?.stopReason, validation: Self.figures(result.summary?.validation),
            test: Self.figures(result.summary?.test), weightsSHA256: result.summary?.weightsSHA256, runDirectory: result.runDirectory)
    }

    private static func figures(_ metrics: RunSummary.Metrics?) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: (metrics ?? []).map { ($0.name, $0.value) })
    }

    private static func describe(_ data: DataSource) -> JSONValue {
        switch data {
        case .digits: ["format": "digits"]
        case .idx(let path): .object(["format": "idx", "path": .string(path)])
        case .npy(let path): .object(["format": "npy", "path": .string(path)])
        case .csv(let path, let target):
            .object(
                target.map { ["format": "csv", "path": .string(path), "target": .string($0)] } ?? ["format": "csv", "path": .string(path)])
        }
    }

    private static func describe(_ optimizer: OptimizerChoice) -> JSONValue {
        switch optimizer {
        case .sgd(let rate, let momentum): .object(["name": "sgd", "learning_rate": .number(rate), "momentum": .number(momentum)])
        case .adam(let rate): .object(["name": "adam", "learning_rate": .number(rate)])
        case .adamw(let rate, let decay): .object(["name": "adamw", "learning_rate": .number(rate), "weight_decay": .number(decay)])
        }
    }
}
