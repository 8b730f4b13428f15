import Formats
import Graphs
import Kernels
import Networks
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Whole models against the figures that Tests/Fixtures/record_models.py has recorded from PyTorch: the same starting weights, the same
/// batches in file order (every fourth one short), the same optimiser.
@Suite("Parity with PyTorch")
struct ParityTests {
    static let models = ["mlp", "cnn", "cnn-mixed", "binary", "regression"]
    static let levels = InstructionSet.allCases.filter { $0 <= .generic || $0 == InstructionSet.detected }

    @Test("Losses and gradient norms of 20 steps in single precision", arguments: models, levels)
    func twentySteps(_ name: String, _ level: InstructionSet) throws {
        let recorded = try RecordedModel(name)
        for run in recorded.runs {
            let kernels = FloatKernels(level)
            let trainee = try Trainee(recorded, kernels: kernels)
            let optimizer = Optimizer(run.optimizer, layout: trainee.layout, kernels: kernels)
            let norm = GlobalNorm(kernels: kernels)
            for step in run.losses.indices {
                let loss = trainee.run(recorded, batch: step)
                let length = norm.squared(trainee.gradients).squareRoot()
                #expect(relativeDistance(loss, run.losses[step]) < 1e-4, "\(run.optimizer.kind.name), step \(step + 1): loss \(loss)")
                #expect(
                    relativeDistance(length, run.gradientNorms[step]) < 1e-4,
                    "\(run.optimizer.kind.name), step \(step + 1): gradient norm \(length)")
                optimizer.apply(parameters: trainee.parameters, gradients: trainee.gradients, learningRate: run.optimizer.learningRate)
            }
            #expect(run.losses.count == 20)
        }
    }

    @Test("The first gradient, parameter by parameter, in single precision", arguments: models, levels)
    func firstGradient(_ name: String, _ level: InstructionSet) throws {
        let recorded = try RecordedModel(name)
        let trainee = try Trainee(recorded, kernels: FloatKernels(level))
        _ = trainee.run(recorded, batch: 0)
        expect(trainee, recorded, tolerance: 1e-5)
    }

    /// In double precision nothing is left to rounding: what differs here differs in the mathematics.
    @Test("The first gradient and eight steps in double precision", arguments: models)
    func double(_ name: String) throws {
        let recorded = try RecordedModel(name)
        for run in recorded.runs {
            let trainee = try Trainee(recorded, kernels: ReferenceKernels<Double>())
            let optimizer = DoubleOptimizer(run.optimizer, count: trainee.layout.elementCount)
            for step in 0..<8 {
                let loss = trainee.run(recorded, batch: step)
                if step == 0 { expect(trainee, recorded, tolerance: 1e-11) }
                let length = trainee.gradients.array().reduce(0) { $0 + $1 * $1 }.squareRoot()
                #expect(relativeDistance(loss, run.exactLosses[step]) < 1e-10, "\(run.optimizer.kind.name), step \(step + 1): loss \(loss)")
                #expect(
                    relativeDistance(length, run.exactGradientNorms[step]) < 1e-10,
                    "\(run.optimizer.kind.name), step \(step + 1): gradient norm \(length)")
                optimizer.apply(trainee.parameters, trainee.gradients)
            }
        }
    }

    /// Distances are relative to the largest element of the parameter's gradient.
    private func expect<K: KernelSet>(_ trainee: Trainee<K>, _ recorded: RecordedModel, tolerance: Double) {
        #expect(Set(recorded.gradients.map(\.name)) == Set(trainee.layout.entries.map(\.name)))
        for tensor in recorded.gradients {
            guard let entry = trainee.layout[tensor.name] else { continue }
            #expect(entry.fileShape == tensor.shape, "\(tensor.name)")
            let values = tensor.doubles()
            let largest = values.map(abs).max() ?? 0
            var worst = 0.0
            entry.transform.forEachElement(memoryShape: entry.memoryShape) { file, memory in
                worst = max(worst, abs(Double(trainee.gradients[entry.offset + memory]) - values[file]))
            }
            #expect(largest > 0 && worst < tolerance * largest, "\(tensor.name) is off by \(worst), its largest element is \(largest)")
        }
    }
}

private func relativeDistance(_ a: Double, _ b: Double) -> Double { abs(a - b) / abs(b) }

/// One folder of Tests/Fixtures/models.
private struct RecordedModel {
    struct Run {
        let optimizer: OptimizerSpec
        let losses: [Double]
        let gradientNorms: [Double]
        let exactLosses: [Double]
        let exactGradientNorms: [Double]
    }

    let spec: NetworkSpec
    let initial: [Tensor]
    /// One row after the other, in the order of the recipe's input.
    let features: [Float]
    /// Labels, or else values.
    let classes: [Int64]?
    let values: [Float]
    let gradients: [Tensor]
    let runs: [Run]
    let samples: Int
    let batch: Int

    init(_ name: String) throws {
        let folder = Locations.repositoryRoot + "/Tests/Fixtures/models/" + name
        initial = try Safetensors.read(folder + "/initial.safetensors").tensors
        gradients = try Safetensors.read(folder + "/gradients.safetensors").tensors
        features = try NpyFile.read(folder + "/x.npy").floats()
        let targets = try NpyFile.read(folder + "/y.npy")
        classes = targets.integers()
        values = classes == nil ? targets.floats() : []
        let figures = try JSONValue.read(folder + "/figures.json")
        let layers = try #require(figures["layers"]?.arrayValue)
        spec = NetworkSpec(
            input: try #require(figures["input"]?.arrayValue).compactMap(\.intValue),
            layers: try layers.map { NamedLayer(try Self.layer($0)) },
            loss: try #require(LossKind(rawValue: figures["loss"]?.stringValue ?? "")))
        samples = try #require(figures["samples"]?.intValue)
        batch = try #require(figures["batch"]?.intValue)
        runs = try #require(figures["runs"]?.arrayValue).map { run in
            func numbers(_ key: String) throws -> [Double] { try #require(run[key]?.arrayValue).compactMap(\.doubleValue) }
            return Run(
                optimizer: try Self.optimizer(run["optimizer"] ?? .null), losses: try numbers("losses"),
                gradientNorms: try numbers("gradient_norms"), exactLosses: try numbers("exact_losses"),
                exactGradientNorms: try numbers("exact_gradient_norms"))
        }
    }

    /// The absolute sample numbers of a step's batch.
    func rows(ofBatch step: Int) -> Range<Int> {
        let start = step % ((samples + batch - 1) / batch) * batch
        return start..<min(start + batch, samples)
    }

    private static func layer(_ value: JSONValue) throws -> LayerSpec {
        let member = try #require(value.objectValue?.members.first)
        let options = member.value
        let activation = try Self.activation(options["activation"])
        let size = options["size"]?.intValue ?? 0
        let stride = options["stride"]?.intValue
        let padding = options["padding"]?.intValue ?? 0
        switch member.key {
        case "dense": return .dense(units: try #require(options["units"]?.intValue), activation: activation)
        case "conv2d":
            return .conv2d(
                filters: try #require(options["filters"]?.intValue), kernel: Size2D(try #require(options["kernel"]?.intValue)),
                stride: Size2D(stride ?? 1), padding: Size2D(padding), activation: activation, bias: options["bias"]?.boolValue ?? true)
        case "maxpool2d": return .maxPool2d(size: Size2D(size), stride: stride.map { Size2D($0) }, padding: Size2D(padding))
        case "averagepool2d": return .averagePool2d(size: Size2D(size), stride: stride.map { Size2D($0) }, padding: Size2D(padding))
        case "flatten": return .flatten
        default: return .activation(try Self.activation(.string(member.key)))
        }
    }

    private static func activation(_ value: JSONValue?) throws -> Activation {
        switch value?.stringValue {
        case nil: return .identity
        case "relu": return .relu
        case "gelu": return .gelu
        case "sigmoid": return .sigmoid
        case "tanh": return .tanh
        case .some(let other): throw TestSupportError("figures.json: an unknown layer or activation, \(other)")
        }
    }

    private static func optimizer(_ value: JSONValue) throws -> OptimizerSpec {
        let name = try #require(value["name"]?.stringValue)
        var kind = try #require(OptimizerSpec.Kind(name: name))
        if case .sgd = kind {
            kind = .sgd(momentum: value["momentum"]?.doubleValue ?? 0, nesterov: value["nesterov"]?.boolValue ?? false)
        }
        return OptimizerSpec(kind, learningRate: try #require(value["learning_rate"]?.doubleValue))
    }
}

/// A model at its recorded start, with a program and memory of one precision.
private final class Trainee<K: KernelSet> where K.Scalar: BitwiseCopyable {
    let layout: ParameterLayout
    let parameters: Arena<K.Scalar>
    let gradients: Arena<K.Scalar>
    private let execution: Execution<K>

    init(_ recorded: RecordedModel, kernels: K) throws {
        let model = try Network.build(recorded.spec)
        let program = Program.compile(model, capacity: recorded.batch, mode: .training, kernels: kernels)
        layout = program.layout
        parameters = Arena(count: layout.elementCount)
        gradients = Arena(count: layout.elementCount)
        execution = Execution(program, kernels: kernels)
        let single = Arena<Float>(count: layout.elementCount)
        try layout.load(recorded.initial, into: single)
        for index in 0..<single.count { parameters[index] = K.Scalar(single[index]) }
    }

    /// Forward and backward over a batch; returns the mean loss.
    func run(_ recorded: RecordedModel, batch step: Int) -> Double {
        let rows = recorded.rows(ofBatch: step)
        let features = recorded.features.count / recorded.samples
        execution.withInput { span in
            for index in 0..<rows.count * features { span[index] = K.Scalar(recorded.features[rows.lowerBound * features + index]) }
        }
        if let classes = recorded.classes {
            execution.withClasses { span in for (index, row) in rows.enumerated() { span[index] = Int32(classes[row]) } }
        } else {
            let width = recorded.values.count / recorded.samples
            execution.withTargets { span in
                for index in 0..<rows.count * width { span[index] = K.Scalar(recorded.values[rows.lowerBound * width + index]) }
            }
        }
        execution.forwardBackward(rows: rows.count, scale: 1 / K.Scalar(rows.count), parameters: parameters, gradients: gradients)
        return execution.withRowLosses { losses in
            var sum = 0.0
            for index in losses.indices { sum += Double(losses[index]) }
            return sum / Double(rows.count)
        }
    }
}

/// The recurrences in double, on the reference kernels: what `Optimizer` does for single precision.
private final class DoubleOptimizer {
    private let spec: OptimizerSpec
    private let states: [Arena<Double>]
    private let absent = Arena<Double>(count: 0)
    private var updates = 0
    private let kernels = ReferenceKernels<Double>()

    init(_ spec: OptimizerSpec, count: Int) {
        self.spec = spec
        states = [Arena(count: count), Arena(count: count)]
    }

    func apply(_ parameters: Arena<Double>, _ gradients: Arena<Double>) {
        updates += 1
        let rate = spec.learningRate
        parameters.withMutableSpan { p in
            gradients.withSpan { g in
                states[0].withMutableSpan { first in
                    states[1].withMutableSpan { second in
                        absent.withMutableSpan { none in
                            switch spec.kind {
                            case .sgd(let momentum, let dampening, let nesterov):
                                let step = SGDStep(
                                    learningRate: rate, momentum: momentum, dampening: dampening, nesterov: nesterov,
                                    firstStep: updates == 1)
                                kernels.sgdUpdate(step, gradients: g, parameters: &p, momentumBuffer: &first)
                            case .adagrad(_, _, let epsilon):
                                kernels.adagradUpdate(
                                    AdagradStep(learningRate: rate, epsilon: epsilon), gradients: g, parameters: &p, sum: &second)
                            case .rmsprop(let alpha, let epsilon, _, _):
                                kernels.rmspropUpdate(
                                    RMSpropStep(learningRate: rate, alpha: alpha, epsilon: epsilon), gradients: g, parameters: &p,
                                    squareAverage: &second, gradientAverage: &none, momentumBuffer: &first)
                            case .adam(let beta1, let beta2, let epsilon), .adamw(let beta1, let beta2, let epsilon):
                                var (power1, power2) = (1.0, 1.0)
                                for _ in 0..<updates { (power1, power2) = (power1 * beta1, power2 * beta2) }
                                let step = AdamStep(
                                    learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: spec.weightDecay,
                                    decoupled: spec.kind.name == "adamw", biasCorrection1: 1 - power1,
                                    biasCorrection2SquareRoot: (1 - power2).squareRoot())
                                kernels.adamUpdate(step, gradients: g, parameters: &p, firstMoment: &first, secondMoment: &second)
                            }
                        }
                    }
                }
            }
        }
    }
}
