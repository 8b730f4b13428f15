import Foundation
import Kernels
import Optimizers
import TensorCore
import Testing

@Suite("Optimizer")
struct OptimizerTests {
    static let kinds: [OptimizerSpec.Kind] = [
        .sgd(), .sgd(momentum: 0.9, nesterov: true), .adagrad(), .rmsprop(), .rmsprop(momentum: 0.5, centered: true), .adam(), .adamw(),
    ]

    @Test("States carry PyTorch's names")
    func stateNames() {
        let layout = twoParameters(weights: 20, biases: 3)
        let names = Self.kinds.map { Optimizer(OptimizerSpec($0), layout: layout, kernels: FloatKernels(.swift)).state.map(\.name) }
        #expect(
            names == [
                [], ["momentum_buffer"], ["sum"], ["square_avg"], ["square_avg", "grad_avg", "momentum_buffer"], ["exp_avg", "exp_avg_sq"],
                ["exp_avg", "exp_avg_sq"],
            ])
    }

    @Test("Stopped, saved and resumed is the same run, bit for bit", arguments: kinds)
    func resume(_ kind: OptimizerSpec.Kind) {
        let layout = twoParameters(weights: 100, biases: 7)
        let spec = OptimizerSpec(kind, weightDecay: 0.01, weightDecayExclude: ["bias"])
        let random = CounterRandom(seed: 1, stream: 0)
        func filled(_ step: Int) -> Arena<Float> {
            let arena = Arena<Float>(count: layout.elementCount)
            for entry in layout.entries {
                for index in entry.range { arena[index] = Float(random.normal(at: UInt64(step * 1000 + index))) }
            }
            return arena
        }
        func steps(_ range: Range<Int>, _ optimizer: Optimizer, _ parameters: Arena<Float>) {
            for step in range { optimizer.apply(parameters: parameters, gradients: filled(step), learningRate: 0.01, gradientScale: 0.5) }
        }
        let whole = Optimizer(spec, layout: layout, kernels: FloatKernels(.generic))
        let expected = filled(0)
        steps(1..<11, whole, expected)

        let first = Optimizer(spec, layout: layout, kernels: FloatKernels(.generic))
        let parameters = filled(0)
        steps(1..<6, first, parameters)
        let second = Optimizer(spec, layout: layout, kernels: FloatKernels(.generic))
        for (saved, restored) in zip(first.state, second.state) { restored.arena.copy(from: saved.arena) }
        second.updates = first.updates
        steps(6..<11, second, parameters)
        #expect(parameters.array() == expected.array())
        #expect(second.updates == 10)
    }

    @Test("Weight decay acts on its group only")
    func decayGroups() {
        let layout = twoParameters(weights: 5, biases: 4)
        for (exclude, weight, bias) in [([], 0.9, 0.9), (["bias"], 0.9, 1), (["layers.0.weight"], 1, 0.9), (["layers.0"], 1, 1)]
            as [(
                [String], Float, Float
            )]
        {
            let spec = OptimizerSpec(.sgd(), weightDecay: 0.1, weightDecayExclude: exclude)
            let optimizer = Optimizer(spec, layout: layout, kernels: FloatKernels(.swift))
            let parameters = Arena<Float>(count: layout.elementCount)
            for entry in layout.entries { parameters.fill(1, entry.range) }
            let gradients = Arena<Float>(count: layout.elementCount)
            optimizer.apply(parameters: parameters, gradients: gradients, learningRate: 1)
            #expect(parameters.array(layout["layers.0.weight"]!.range).allSatisfy { abs($0 - weight) < 1e-6 })
            #expect(parameters.array(layout["layers.0.bias"]!.range).allSatisfy { abs($0 - bias) < 1e-6 })
        }
    }

    @Test("An exclusion matches whole parts of a name; one that matches nothing is found")
    func exclusions() {
        let layout = ParameterLayout(
            ["layers.1.weight", "layers.1.bias", "layers.11.bias"].map {
                ParameterDescription(name: $0, role: String($0.split(separator: ".")[2]), memoryShape: [3], transform: .identity, fanIn: 1)
            }, memoryOrder: [2, 1, 0])
        func decaying(_ exclude: [String]) -> [String] {
            let spec = OptimizerSpec(.adamw(), weightDecayExclude: exclude)
            return layout.modelOrder.filter { spec.decays($0) }.map(\.name)
        }
        #expect(decaying([]) == ["layers.1.weight", "layers.1.bias", "layers.11.bias"])
        #expect(decaying(["bias"]) == ["layers.1.weight"])
        #expect(decaying(["1.bias"]) == ["layers.1.weight", "layers.11.bias"])
        #expect(decaying(["layers.1"]) == ["layers.11.bias"])
        #expect(OptimizerSpec(.adam(), weightDecayExclude: ["bias", "biass", "layers"]).unmatchedExclusions(in: layout) == ["biass"])
    }

    @Test("A specification survives JSON", arguments: kinds)
    func codable(_ kind: OptimizerSpec.Kind) throws {
        let spec = OptimizerSpec(kind, learningRate: 0.25, weightDecay: 0.5, weightDecayExclude: ["bias"])
        #expect(try JSONDecoder().decode(OptimizerSpec.self, from: JSONEncoder().encode(spec)) == spec)
        #expect(OptimizerSpec.Kind.names.contains(kind.name))
        #expect(OptimizerSpec.Kind(name: kind.name)?.name == kind.name)
    }

    @Test("Numbers that cannot work are refused with the key and the reason")
    func validation() {
        let wrong: [(OptimizerSpec, String)] = [
            (
                OptimizerSpec(.adam(), learningRate: -1),
                "optimizer.learning_rate: -1.0 does not work: it has to be a finite number ≥ 0; adam usually starts at 0.001"
            ),
            (
                OptimizerSpec(.adam(beta2: 1)),
                "optimizer.beta2: 1.0 does not work: it has to be at least 0 and below 1; 0.999 is usual"
            ),
            (
                OptimizerSpec(.sgd(nesterov: true)),
                "optimizer.nesterov: true does not work: Nesterov's look-ahead needs momentum > 0 and dampening 0; momentum is 0.0, dampening 0.0"
            ),
            (
                OptimizerSpec(.adagrad(epsilon: 0)),
                "optimizer.eps: 0.0 does not work: it has to be a finite number > 0, or a parameter whose gradient is zero becomes NaN"
            ),
            (
                OptimizerSpec(.rmsprop(momentum: -0.5)),
                "optimizer.momentum: -0.5 does not work: it has to be a finite number ≥ 0, 0.9 as a rule"
            ),
            (OptimizerSpec(.sgd(), weightDecay: .nan), "optimizer.weight_decay: nan does not work: it has to be a finite number ≥ 0"),
        ]
        for (spec, message) in wrong {
            let error = #expect(throws: OptimizerError.self) { try spec.validate() }
            #expect(error?.description == message)
        }
        for kind in Self.kinds { #expect(throws: Never.self) { try OptimizerSpec(kind).validate() } }
    }
}
