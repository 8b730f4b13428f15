import Foundation
import Kernels
import Optimizers
import TensorCore
import TestSupport

/// The figures that Tests/Fixtures/record_optimizers.py wrote.
func recorded<Figures: Decodable>(_ name: String) throws -> Figures {
    let data = try Data(contentsOf: URL(fileURLWithPath: Locations.repositoryRoot + "/Tests/Fixtures/" + name))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Figures.self, from: data)
}

/// optimizers.json.
struct OptimizerFigures: Decodable {
    let weights: Int
    let biases: Int
    let recordedSteps: [Int]
    let start: [Double]
    let gradients: [[Double]]
    let cases: [Case]

    /// One run of an optimiser; the names are those of PyTorch's arguments.
    struct Case: Decodable, Sendable, CustomStringConvertible {
        let `case`: String
        let name: String
        let lr: Double
        let weightDecay: Double
        let momentum: Double?
        let dampening: Double?
        let nesterov: Bool?
        let alpha: Double?
        let eps: Double?
        let centered: Bool?
        let betas: [Double]?
        let lrDecay: Double?
        let initialAccumulatorValue: Double?
        let excludeBias: Bool
        let clip: Double?
        let norms: [Double]
        /// After each of `recordedSteps`.
        let parameters: [[Double]]
        /// After the last step.
        let state: [String: [Double]]
        let torchFloat32Distance: Double

        var description: String { `case` }

        var spec: OptimizerSpec {
            let kind: OptimizerSpec.Kind
            switch name {
            case "sgd": kind = .sgd(momentum: momentum!, dampening: dampening!, nesterov: nesterov!)
            case "adagrad": kind = .adagrad(learningRateDecay: lrDecay!, initialAccumulator: initialAccumulatorValue!, epsilon: eps!)
            case "rmsprop": kind = .rmsprop(alpha: alpha!, epsilon: eps!, momentum: momentum!, centered: centered!)
            case "adam": kind = .adam(beta1: betas![0], beta2: betas![1], epsilon: eps!)
            case "adamw": kind = .adamw(beta1: betas![0], beta2: betas![1], epsilon: eps!)
            default: preconditionFailure("optimizers.json: an unknown optimiser, \(name)")
            }
            return OptimizerSpec(kind, learningRate: lr, weightDecay: weightDecay, weightDecayExclude: excludeBias ? ["bias"] : [])
        }
    }

    /// A weight and a bias, the bias first in memory as backward would have it at the output layer.
    var layout: ParameterLayout { twoParameters(weights: weights, biases: biases) }

    /// Puts a recorded vector (weight, then bias) where the layout wants it.
    func arena(_ values: [Double], _ layout: ParameterLayout) -> Arena<Float> {
        let arena = Arena<Float>(count: layout.elementCount)
        for (index, value) in values.enumerated() { arena[place(index, layout)] = Float(value) }
        return arena
    }

    /// Where element `index` of a recorded vector lies in an arena.
    func place(_ index: Int, _ layout: ParameterLayout) -> Int {
        index < weights ? layout["layers.0.weight"]!.offset + index : layout["layers.0.bias"]!.offset + index - weights
    }
}

func twoParameters(weights: Int, biases: Int) -> ParameterLayout {
    ParameterLayout(
        [
            ParameterDescription(name: "layers.0.weight", role: "weight", memoryShape: [weights], transform: .identity, fanIn: 1),
            ParameterDescription(name: "layers.0.bias", role: "bias", memoryShape: [biases], transform: .identity, fanIn: 1),
        ], memoryOrder: [1, 0])
}

/// schedules.json.
struct ScheduleFigures: Decodable {
    let base: Double
    let steps: Int
    let stepsPerEpoch: Int
    let schedules: [Schedule]
    let plateaus: [Plateau]

    struct Schedule: Decodable {
        let `case`: String
        let kind: String
        let warmup: Int
        let every: Int?
        let unit: String?
        let gamma: Double?
        let minimumFactor: Double?
        let rates: [Double]

        var spec: ScheduleSpec {
            switch kind {
            case "constant": ScheduleSpec(.constant, warmupSteps: warmup)
            case "step": ScheduleSpec(.step(every: every!, unit: .init(rawValue: unit!)!, gamma: gamma!), warmupSteps: warmup)
            case "cosine": ScheduleSpec(.cosine(minimumFactor: minimumFactor!), warmupSteps: warmup)
            default: preconditionFailure("schedules.json: an unknown kind, \(kind)")
            }
        }
    }

    struct Plateau: Decodable {
        let `case`: String
        let mode: String
        let factor: Double
        let patience: Int
        let threshold: Double
        let cooldown: Int
        let minLr: Double
        /// NaN is null in the file.
        let values: [Double?]
        let rates: [Double]
    }
}

/// |a − b| relative to b.
func relativeDistance(_ a: Double, _ b: Double) -> Double {
    a == b ? 0 : abs(a - b) / abs(b)
}

/// The levels that this machine can run, the plain Swift one first.
let levels = InstructionSet.allCases.filter { $0 <= .generic || $0 == InstructionSet.detected }
