import Graphs
import Kernels
import TensorCore
import Testing

/// A small model for checks: a name, how to build it, and how to compute with it in double precision.
struct ModelCase: Sendable, CustomTestStringConvertible {
    let name: String
    let input: Shape
    let loss: LossKind
    /// Not nil for a model of tokens below this number, whose input is [T].
    let vocabulary: Int?
    /// Adds layers from the input to a prediction.
    let build: @Sendable (inout CaseBuilder, ValueID) -> ValueID

    init(
        _ name: String, input: Shape, loss: LossKind = .meanSquaredError, vocabulary: Int? = nil,
        build: @escaping @Sendable (inout CaseBuilder, ValueID) -> ValueID
    ) {
        self.name = name
        self.input = input
        self.loss = loss
        self.vocabulary = vocabulary
        self.build = build
    }

    var testDescription: String { name }

    func model() -> ModelGraph {
        var builder = CaseBuilder()
        let x = vocabulary == nil ? builder.graph.addInput(input) : builder.graph.addTokens(input[0])
        let prediction = build(&builder, x)
        return ModelGraph(graph: builder.graph, input: x, prediction: prediction, loss: loss)
    }
}

/// A graph under construction whose parameters get names by number.
struct CaseBuilder {
    var graph = Graph()

    mutating func parameter(_ shape: [Int]) -> ValueID {
        graph.addParameter(
            ParameterDescription(
                name: "layers.\(graph.parameters.count).weight", role: "weight", memoryShape: shape, transform: .identity,
                fanIn: max(1, shape.dropLast().reduce(1, *))))
    }

    /// A vector of zeros, say, that is saved but not trained.
    mutating func buffer(_ count: Int) -> ValueID {
        graph.addBuffer(
            ParameterDescription(
                name: "layers.\(graph.parameters.count).running", role: "running_mean", memoryShape: [count], transform: .identity,
                fanIn: 1, trainable: false, momentum: 0.1))
    }

    /// x·W + b.
    mutating func dense(_ x: ValueID, _ units: Int) -> ValueID {
        let weights = parameter([graph[x].shape.dimensions.last ?? 1, units])
        let bias = parameter([units])
        return graph.addBias(graph.addMatmul(x, weights), bias)
    }

    /// x ∗ W + b.
    mutating func convolution(
        _ x: ValueID, filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
        bias: Bool = true
    ) -> ValueID {
        let shape = graph[x].shape
        let window = WindowShape(
            inputHeight: shape[0], inputWidth: shape[1], inputChannels: shape[2], kernelHeight: kernel, kernelWidth: kernel,
            strideHeight: stride, strideWidth: stride, padTop: padding, padLeft: padding, padBottom: padding, padRight: padding,
            outputChannels: filters, dilationHeight: dilation, dilationWidth: dilation, groups: groups)
        return convolution(x, window, bias: bias)
    }

    mutating func convolution(_ x: ValueID, _ window: WindowShape, bias: Bool = true) -> ValueID {
        let weights = parameter([
            window.kernelHeight, window.kernelWidth, window.inputChannels / window.groups, window.outputChannels,
        ])
        let y = graph.addConvolution(x, weights: weights, window)
        guard bias else { return y }
        let values = parameter([window.outputChannels])
        return graph.addBias(y, values)
    }

    func pooling(_ x: ValueID, size: Int, stride: Int, padding: Int = 0) -> WindowShape {
        let shape = graph[x].shape
        return WindowShape(
            inputHeight: shape[0], inputWidth: shape[1], inputChannels: shape[2], kernelHeight: size, kernelWidth: size,
            strideHeight: stride, strideWidth: stride, padTop: padding, padLeft: padding, padBottom: padding, padRight: padding,
            outputChannels: shape[2])
    }

    mutating func flat(_ x: ValueID) -> ValueID { graph.addReshape(x, Shape([graph[x].shape.elementCount])) }
}

/// A compiled case with data: random parameters, features and targets.
struct CaseRun<K: KernelSet> where K.Scalar: BitwiseCopyable {
    let program: Program
    let execution: Execution<K>
    let parameters: Arena<K.Scalar>
    let gradients: Arena<K.Scalar>

    init(
        _ model: ModelGraph, kernels: K, capacity: Int, fusion: FusionOptions = .all, precision: Precision = .fp32, recompute: Bool = false,
        mode: ProgramMode = .training, seed: UInt64 = 1
    ) {
        program = Program.compile(
            model, capacity: capacity, mode: mode, kernels: kernels, fusion: fusion, precision: precision, recompute: recompute)
        execution = Execution(program, kernels: kernels)
        parameters = Arena(count: program.layout.elementCount)
        gradients = Arena(count: program.layout.elementCount)
        for entry in program.layout.entries {
            let random = CounterRandom(seed: seed, stream: 100 + UInt64(entry.modelIndex))
            for (index, element) in entry.range.enumerated() {
                parameters[element] = K.Scalar(random.normal(at: UInt64(index)) * 0.7)
            }
        }
        fill(seed: seed)
    }

    /// Random features, targets and row keys for the whole capacity.
    func fill(seed: UInt64) {
        let features = CounterRandom(seed: seed, stream: 1)
        if program.inputIsTokens {
            // Every case with tokens has at least five of them.
            execution.withTokens { span in
                for index in span.indices { span[index] = Int32(features.uint32(at: UInt64(index)) % 5) }
            }
        } else {
            execution.withInput { span in
                for index in span.indices { span[index] = K.Scalar(features.normal(at: UInt64(index))) }
            }
        }
        let targets = CounterRandom(seed: seed, stream: 2)
        if program.loss == .softmaxCrossEntropy {
            execution.withClasses { span in
                for index in span.indices {
                    span[index] = Int32(Int(targets.uint32(at: UInt64(index))) % (program.outputElements / program.positions))
                }
            }
        } else {
            execution.withTargets { span in
                for index in span.indices { span[index] = K.Scalar(targets.uniformDouble(at: UInt64(index))) }
            }
        }
        execution.withRowKeys { span in
            for index in span.indices { span[index] = mixKey(seed, 3, UInt64(index)) }
        }
    }

    /// The gradient of each trained entry, padding left out.
    func gradient(rows: Int, scale: K.Scalar = 1, repack: Bool = true) -> [K.Scalar] {
        execution.forwardBackward(rows: rows, scale: scale, parameters: parameters, gradients: gradients, repack: repack)
        return program.layout.modelOrder.filter(\.trainable).flatMap { gradients.array($0.range) }
    }

    /// Σ row losses of the forward phase.
    func loss(rows: Int) -> K.Scalar {
        execution.forward(rows: rows, parameters: parameters)
        return rowLosses().reduce(0, +)
    }

    func rowLosses() -> [K.Scalar] { execution.withRowLosses { span in span.indices.map { span[$0] } } }
    func predictions() -> [K.Scalar] { execution.withPredictions { span in span.indices.map { span[$0] } } }
}
