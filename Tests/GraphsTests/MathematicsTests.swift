import Foundation
import Graphs
import Kernels
import Networks
import Optimizers
import TensorCore
import Testing

/// docs/mathematics.md, number by number: the values it gives go through the real graph and the real optimisers, and what comes out has to
/// be what it prints.
@Suite("The numbers of docs/mathematics.md")
struct MathematicsTests {
    static let levels = InstructionSet.allCases.filter { $0 <= .generic || $0 == InstructionSet.detected }

    @Test("Every number with a decimal point is checked", arguments: levels)
    func numbers(_ level: InstructionSet) throws {
        let page = try MathematicsPage()
        #expect(page.unmarked.isEmpty, "unmarked: \(page.unmarked)")
        let checker = Checker(page, level)
        try checker.leastSquares()
        try checker.descent()
        try checker.neuron()
        try checker.softmax()
        try checker.backpropagation()
        try checker.shards()
        try checker.updates()
        try checker.mistakes()
        // An experiment of a few hundred steps: once is enough, and the plain Swift level is slow in a debug build.
        let experiment = level == .generic
        if experiment { try checker.memory() }
        for number in page.printed where !checker.given.contains(number.name) && (experiment || !number.name.hasPrefix("memory.")) {
            guard let computed = checker.computed[number.name] else {
                Issue.record("line \(number.line): nothing checks \(number.text), marked \(number.name)")
                continue
            }
            #expect(computed.count == number.values.count, "line \(number.line): \(number.name) has \(computed.count) values")
            for (value, (text, tolerance)) in zip(computed, zip(number.values, number.tolerances)) {
                // A little more than half a unit: single precision may sit on either side of a tie.
                #expect(abs(value - text) <= tolerance * 1.001 + 1e-6 * abs(text), "line \(number.line): \(number.name) is \(value)")
            }
        }
        let names = Set(page.printed.map(\.name))
        #expect(checker.computed.keys.filter { !names.contains($0) }.sorted() == [])
        #expect(checker.given.isDisjoint(with: checker.computed.keys))
    }
}

/// A small network at one level with everything that a step needs.
private final class Bench {
    let layout: ParameterLayout
    let parameters: Arena<Float>
    let gradients: Arena<Float>
    let execution: Execution<FloatKernels>
    let model: ModelGraph
    let kernels: FloatKernels

    init(_ input: Int, _ layers: [LayerSpec], _ loss: LossKind, rows: Int = 1, _ level: InstructionSet) throws {
        model = try Network.build(NetworkSpec(input: [input], layers, loss: loss))
        kernels = FloatKernels(level)
        let program = Program.compile(model, capacity: rows, mode: .training, kernels: kernels)
        layout = program.layout
        parameters = Arena(count: layout.elementCount)
        gradients = Arena(count: layout.elementCount)
        execution = Execution(program, kernels: kernels)
    }

    subscript(name: String) -> [Double] {
        get { parameters.array(layout[name]!.range).map(Double.init) }
        set {
            let range = layout[name]!.range
            precondition(range.count == newValue.count, "\(name) has \(range.count) elements, the page gives \(newValue.count)")
            for (index, value) in zip(range, newValue) { parameters[index] = Float(value) }
        }
    }

    func gradient(_ name: String) -> [Double] { gradients.array(layout[name]!.range).map(Double.init) }

    /// One forward and backward pass over the batch's mean loss.
    func run(_ x: [Double], targets: [Double]) {
        execution.withInput { span in for index in x.indices { span[index] = Float(x[index]) } }
        let rows = x.count / execution.program.inputElements
        if model.loss == .softmaxCrossEntropy {
            execution.withClasses { span in for index in targets.indices { span[index] = Int32(targets[index]) } }
        } else {
            execution.withTargets { span in for index in targets.indices { span[index] = Float(targets[index]) } }
        }
        execution.forwardBackward(rows: rows, scale: 1 / Float(rows), parameters: parameters, gradients: gradients)
    }

    var losses: [Double] { execution.withRowLosses { span in span.indices.map { Double(span[$0]) } } }
    var loss: Double { mean(losses) }
    var predictions: [Double] { execution.withPredictions { span in span.indices.map { Double(span[$0]) } } }

    func optimizer(_ kind: OptimizerSpec.Kind) -> Optimizer { Optimizer(OptimizerSpec(kind), layout: layout, kernels: kernels) }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
}

private final class Checker {
    let page: MathematicsPage
    let level: InstructionSet
    private(set) var given: Set<String> = []
    private(set) var computed: [String: [Double]] = [:]

    init(_ page: MathematicsPage, _ level: InstructionSet) {
        self.page = page
        self.level = level
    }

    private func take(_ name: String) -> [Double] {
        given.insert(name)
        return page.values(name)
    }

    private func one(_ name: String) -> Double { take(name)[0] }

    private func say(_ name: String, _ values: [Double]) { computed[name] = values }
    private func say(_ name: String, _ value: Double) { computed[name] = [value] }

    private func bench(_ input: Int, _ layers: [LayerSpec], _ loss: LossKind, rows: Int = 1) throws -> Bench {
        try Bench(input, layers, loss, rows: rows, level)
    }

    private let w = "layers.0.weight"
    private let b = "layers.0.bias"

    // MARK: Sections 1 and 2

    /// The line through the points, with the closed form's w and b.
    private func closedForm(_ x: [Double], _ y: [Double]) -> (w: Double, b: Double) {
        let (dx, dy) = (x.map { $0 - mean(x) }, y.map { $0 - mean(y) })
        let slope = dot(dx, dy) / dot(dx, dx)
        return (slope, mean(y) - slope * mean(x))
    }

    private func lineModel() throws -> Bench { try bench(1, [.dense(units: 1)], .meanSquaredError, rows: 4) }

    func leastSquares() throws {
        let (x, y) = (take("points.x"), take("points.y"))
        let closed = closedForm(x, y)
        say("closed.w", closed.w)
        say("closed.b", closed.b)
        let line = try lineModel()
        line[w] = [closed.w]
        line[b] = [closed.b]
        line.run(x, targets: y)
        say("closed.residuals", zip(line.predictions, y).map { $0 - $1 })
        say("closed.mse", line.loss)
        // The closed form is where the graph's gradient vanishes.
        #expect(abs(line.gradient(w)[0]) < 1e-5 && abs(line.gradient(b)[0]) < 1e-5)

        let scaled = y.map { 10 * $0 }
        for (name, targets) in [("1", y), ("10", scaled)] {
            let closed = closedForm(x, targets)
            line[w] = [closed.w]
            line[b] = [closed.b]
            line.run(x, targets: targets)
            let deviations = targets.map { $0 - mean(targets) }
            say("quality.mse" + name, line.loss)
            say("quality.r" + name, 1 - line.loss * Double(targets.count) / dot(deviations, deviations))
        }
        say("quality.mse", computed["quality.mse1"]!)
    }

    func descent() throws {
        let (x, y) = (take("points.x"), take("points.y"))
        func descend(_ rate: Double, _ steps: Int, _ see: (Int, Bench) -> Void) throws {
            let line = try lineModel()
            let optimizer = line.optimizer(.sgd())
            for step in 0...steps {
                line.run(x, targets: y)
                see(step, line)
                optimizer.apply(parameters: line.parameters, gradients: line.gradients, learningRate: rate)
            }
        }
        let steps = Int(one("descent.steps"))
        try descend(one("descent.rate"), steps) { step, line in
            switch step {
            case 0:
                say("descent.mse0", line.loss)
                say("descent.gradient0", line.gradient(w) + line.gradient(b))
            case 1: say("descent.one", line[w] + line[b])
            case 10: say("curvature.stable", line.loss)
            case steps:
                say("descent.end", line[w] + line[b])
                say("descent.mse", line.loss)
            default: break
            }
        }
        try descend(one("curvature.rate"), 10) { step, line in if step == 10 { say("curvature.unstable", line.loss) } }

        // The gradient is linear in (w, b), so its differences are the columns of the Hessian.
        let line = try lineModel()
        func gradient(_ at: (Double, Double)) -> [Double] {
            line[w] = [at.0]
            line[b] = [at.1]
            line.run(x, targets: y)
            return line.gradient(w) + line.gradient(b)
        }
        let origin = gradient((0, 0))
        let hessian = zip(gradient((1, 0)), origin).map { $0 - $1 } + zip(gradient((0, 1)), origin).map { $0 - $1 }
        say("curvature.hessian", hessian)
        let half = (hessian[0] + hessian[3]) / 2
        let root = (half * half - (hessian[0] * hessian[3] - hessian[1] * hessian[2])).squareRoot()
        say("curvature.eigenvalues", [half - root, half + root])
        say("curvature.limit", 2 / (half + root))
    }

    // MARK: Sections 3 and 4

    /// A neuron whose loss contains the sigmoid: predicts the logit z.
    private func crossEntropyNeuron(_ inputs: Int, rows: Int = 1) throws -> Bench {
        try bench(inputs, [.dense(units: 1, activation: .sigmoid)], .binaryCrossEntropy, rows: rows)
    }

    /// The same neuron under squared error: predicts a = σ(z).
    private func squaredErrorNeuron(_ inputs: Int, rows: Int = 1) throws -> Bench {
        try bench(inputs, [.dense(units: 1, activation: .sigmoid)], .meanSquaredError, rows: rows)
    }

    func neuron() throws {
        let x = take("neuron.x")
        let y = take("neuron.y")
        let neuron = try crossEntropyNeuron(x.count)
        let squared = try squaredErrorNeuron(x.count)
        for bench in [neuron, squared] {
            bench[w] = take("neuron.w")
            bench[b] = take("neuron.b")
            bench.run(x, targets: y)
        }
        let a = squared.predictions[0]
        say("neuron.z", neuron.predictions)
        say("neuron.a", a)
        say("neuron.slope", squared.gradient(b)[0] / (2 * (a - y[0])))
        say("neuron.loss", neuron.loss)
        say("neuron.dz", neuron.gradient(b))
        say("neuron.db", neuron.gradient(b))
        say("neuron.dw", neuron.gradient(w))

        // The other truth.
        neuron.run(x, targets: [0])
        say("negative.loss", neuron.loss)
        say("negative.dz", neuron.gradient(b))
        say("negative.truncated", -0 * log(a))

        let (sure, sureAnswer) = (try crossEntropyNeuron(1), try squaredErrorNeuron(1))
        for bench in [sure, sureAnswer] {
            bench[w] = [1]
            bench.run(take("extreme.z"), targets: [0])
        }
        say("extreme.a", sureAnswer.predictions)
        say("extreme.loss", sure.loss)
        say("extreme.dz", sure.gradient(b))
    }

    func softmax() throws {
        let z = take("softmax.z")
        let y = take("softmax.y")
        let scores = try bench(1, [.dense(units: z.count)], .softmaxCrossEntropy)
        scores[b] = z
        scores.run([0], targets: y)
        say("softmax.loss", scores.loss)
        say("softmax.dz", scores.gradient(b))
        let shift = one("softmax.shift")
        scores[b] = z.map { $0 + shift }
        scores.run([0], targets: y)
        say("softmax.shifted", scores.loss)

        let probabilities = try bench(1, [.dense(units: z.count), .softmax], .meanSquaredError)
        probabilities[b] = z
        probabilities.run([0], targets: z)
        say("softmax.p", probabilities.predictions)

        for name in ["2", "10"] {
            let fresh = try bench(1, [.dense(units: Int(one("chance.classes" + name)))], .softmaxCrossEntropy)
            fresh.run([1], targets: [1])
            say("chance.loss" + name, fresh.loss)
        }
    }

    // MARK: Sections 5 and 6

    func backpropagation() throws {
        let (x, y) = (take("net.x"), take("net.y"))
        let (w1, b1) = (take("net.w1"), take("net.b1"))
        for (name, activation) in [("net.z1", Activation.identity), ("net.h", .relu)] {
            let hidden = try bench(2, [.dense(units: 2, activation: activation)], .meanSquaredError)
            hidden[w] = w1
            hidden[b] = b1
            hidden.run(x, targets: [0, 0])
            say(name, hidden.predictions)
        }
        let net = try bench(2, [.dense(units: 2, activation: .relu), .dense(units: 1)], .meanSquaredError)
        net[w] = w1
        net[b] = b1
        net["layers.1.weight"] = take("net.w2")
        net["layers.1.bias"] = take("net.b2")
        net.run(x, targets: y)
        say("net.prediction", net.predictions)
        say("net.loss", net.loss)
        say("net.db2", net.gradient("layers.1.bias"))
        say("net.dw2", net.gradient("layers.1.weight"))
        say("net.db1", net.gradient(b))
        say("net.dw1", net.gradient(w))

        let epsilon = one("difference.epsilon")
        func loss(_ change: Double) -> Double {
            net[w] = [w1[0] + change] + w1.dropFirst()
            net.run(x, targets: y)
            return net.loss
        }
        let (above, below) = (loss(epsilon), loss(-epsilon))
        say("difference.above", above)
        say("difference.below", below)
        say("difference.slope", (above - below) / (2 * epsilon))
    }

    func shards() throws {
        // A model that predicts 0 has the squares of its targets for losses.
        let zero = try bench(1, [.dense(units: 1)], .meanSquaredError, rows: 4)
        let parts = [take("shards.first"), take("shards.second")].map { losses in
            zero.run([Double](repeating: 1, count: losses.count), targets: losses.map { $0.squareRoot() })
            return zero.losses
        }
        say("shards.mean", mean(parts.flatMap { $0 }))
        say("shards.wrong", mean(parts.map(mean)))
    }

    // MARK: Section 7

    /// A neuron with weights p and no bias, on the input g, with the target p·g − 1/2: its squared error has the gradient g.
    private func step(_ p: [Double], _ g: [Double], _ kind: OptimizerSpec.Kind, rate: Double, scale: Double = 1) throws -> [Double] {
        let bench = try bench(p.count, [.dense(units: 1, bias: false)], .meanSquaredError)
        bench[w] = p
        bench.run(g, targets: [dot(p, g) - 0.5])
        #expect(zip(bench.gradient(w), g).allSatisfy { abs($0 - $1) < 1e-6 })
        bench.optimizer(kind).apply(parameters: bench.parameters, gradients: bench.gradients, learningRate: rate, gradientScale: scale)
        return bench[w]
    }

    func updates() throws {
        let (p, g) = (take("update.p"), take("update.g"))
        let rate = one("update.rate")
        say("update.sgd", try step(p, g, .sgd(), rate: rate))
        say("sign.parameters", try step(p, g, .sgd(), rate: rate, scale: -1))
        say("adam.first", try step(p, g, .adam(), rate: one("adam.rate")))

        let slope = one("momentum.g")
        let bench = try bench(1, [.dense(units: 1, bias: false)], .meanSquaredError)
        let optimizer = bench.optimizer(.sgd(momentum: one("momentum.mu")))
        for step in 1...200 {
            let before = bench[w][0]
            bench.run([1], targets: [before - slope / 2])
            optimizer.apply(parameters: bench.parameters, gradients: bench.gradients, learningRate: one("momentum.rate"))
            let length = before - bench[w][0]
            if step <= 3 { say("momentum.step\(step)", length) }
            if step == 200 { say("momentum.limit", length) }
        }

        let long = take("clip.g")
        let neuron = try self.bench(long.count, [.dense(units: 1, bias: false)], .meanSquaredError)
        neuron.run(long, targets: [-0.5])
        let norm = GlobalNorm(kernels: neuron.kernels).squared(neuron.gradients).squareRoot()
        say("clip.norm", norm)
        neuron.optimizer(.sgd()).apply(
            parameters: neuron.parameters, gradients: neuron.gradients, learningRate: -1,
            gradientScale: clipFactor(norm: norm, limit: one("clip.limit")))
        say("clip.result", neuron[w])
    }

    // MARK: Section 8

    func mistakes() throws {
        let (x, y) = (take("neuron.x"), take("neuron.y"))
        for (name, sign) in [("sign.right", 1.0), ("sign.wrong", -1)] {
            let neuron = try crossEntropyNeuron(x.count)
            neuron[w] = take("neuron.w")
            neuron[b] = take("neuron.b")
            neuron.run(x, targets: y)
            say("sign.before", neuron.loss)
            neuron.optimizer(.sgd()).apply(
                parameters: neuron.parameters, gradients: neuron.gradients, learningRate: one("sign.rate"), gradientScale: sign)
            neuron.run(x, targets: y)
            say(name, neuron.loss)
        }

        for row in ["1", "2"] {
            let (right, squared) = (try crossEntropyNeuron(1), try squaredErrorNeuron(1))
            for bench in [right, squared] {
                bench[w] = [1]
                bench.run(take("twice.z" + row), targets: [1])
            }
            let a = squared.predictions[0]
            say("twice.right" + row, right.gradient(b))
            say("twice.wrong" + row, right.gradient(b)[0] * a * (1 - a))
            say("twice.squared" + row, squared.gradient(b))
        }

        let labels = take("mean.labels")
        let answer = one("mean.a")
        let always = try squaredErrorNeuron(1, rows: labels.count)
        always[b] = [log(answer / (1 - answer))]
        always.run([Double](repeating: 1, count: labels.count), targets: labels)
        let predictions = always.predictions
        say("mean.prediction", mean(predictions))
        let correct = zip(predictions, labels).filter { prediction, label in (prediction > 0.5) == (label > 0.5) }
        say("mean.accuracy", Double(correct.count) / Double(labels.count))
    }

    func memory() throws {
        let samples = Int(one("memory.samples"))
        let features = Int(one("memory.features"))
        let fresh = Int(one("memory.heldout"))
        let units = Int(one("memory.units"))
        let steps = Int(one("memory.steps"))
        let rate = one("memory.rate")
        for rule in [false, true] {
            let random = CounterRandom(seed: 5, stream: 1)
            let coins = CounterRandom(seed: 5, stream: 2)
            func sample(_ index: Int) -> (x: [Double], y: Double) {
                let x = (0..<features).map { Double(random.normal(at: UInt64(index * features + $0))) }
                return (x, rule ? (x[0] + x[1] > 0 ? 1 : 0) : Double(coins.uint32(at: UInt64(index)) & 1))
            }
            func accuracy(_ bench: Bench, _ indices: Range<Int>) -> Double {
                let data = indices.map(sample)
                bench.run(data.flatMap(\.x), targets: data.map(\.y))
                let scores = bench.predictions
                let correct = data.indices.filter { (scores[2 * $0 + 1] > scores[2 * $0]) == (data[$0].y == 1) }.count
                return Double(correct) / Double(data.count)
            }
            let bench = try Bench(
                features, [.dense(units: units, activation: .relu), .dense(units: 2)], .softmaxCrossEntropy, rows: max(samples, fresh),
                level)
            Network.initialise(bench.layout, seed: 5, into: bench.parameters)
            let optimizer = bench.optimizer(.adam())
            let training = (0..<samples).map(sample)
            let (x, y) = (training.flatMap(\.x), training.map(\.y))
            for _ in 0..<steps {
                bench.run(x, targets: y)
                optimizer.apply(parameters: bench.parameters, gradients: bench.gradients, learningRate: rate)
            }
            let name = "memory." + (rule ? "rule" : "random")
            say(name + ".train", accuracy(bench, 0..<samples))
            say(name + ".test", accuracy(bench, samples..<samples + fresh))
        }
    }
}
