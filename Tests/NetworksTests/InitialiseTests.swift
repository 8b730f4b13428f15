import Graphs
import Kernels
import Networks
import TensorCore
import Testing

@Suite struct InitialiseTests {
    @Test func valuesAreUniformWithinTheBound() throws {
        let model = try Network.build(try #require(Zoo.network(named: "cnn")))
        let parameters = Arena<Float>(count: model.layout.elementCount)
        parameters.fill(.nan)
        Network.initialise(model.layout, seed: 42, into: parameters)
        for (entry, fanIn) in zip(model.layout.modelOrder, [9, 9, 5408, 5408, 64, 64]) {
            let bound = 1 / Float(fanIn).squareRoot()
            let values = parameters.array(entry.range)
            #expect(values.allSatisfy { $0.magnitude <= bound }, "\(entry.name)")
            if values.count > 1000 {
                let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
                let variance = values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)
                let expected = Double(bound) * Double(bound) / 3
                #expect(mean.magnitude < 0.01 * Double(bound))
                #expect((variance / expected - 1).magnitude < 0.02)
            }
        }
        #expect(parameters.array().allSatisfy { $0.isFinite })
    }

    @Test func theSeedDecides() throws {
        let model = try Network.build(try #require(Zoo.network(named: "mlp-small")))
        func values(_ seed: UInt64) -> [Float] {
            let parameters = Arena<Float>(count: model.layout.elementCount)
            Network.initialise(model.layout, seed: seed, into: parameters)
            return parameters.array()
        }
        #expect(values(1) == values(1))
        #expect(values(1) != values(2))
    }

    /// The same parameter in another memory order has the same values in its file.
    @Test func memoryLayoutDoesNotMatter() throws {
        let parameters = try Network.build(try #require(Zoo.network(named: "mlp-small"))).parameters
        let transposed = parameters.map { parameter in
            var other = parameter
            if parameter.role == "weight" {
                other.memoryShape = parameter.memoryShape.reversed()
                other.transform = .identity
            }
            return other
        }
        let first = ParameterLayout(parameters, memoryOrder: Array(parameters.indices))
        let second = ParameterLayout(transposed, memoryOrder: Array(parameters.indices.reversed()))
        let (a, b) = (Arena<Float>(count: first.elementCount), Arena<Float>(count: second.elementCount))
        Network.initialise(first, seed: 5, into: a)
        Network.initialise(second, seed: 5, into: b)
        #expect(first.fileTensors(from: a) == second.fileTensors(from: b))
    }

    /// PyTorch's: N(0, 1) for embeddings unless told otherwise, ones and zeros for norms and their running statistics, ±1/√units for LSTMs.
    @Test func everyKindHasItsOwn() throws {
        let model = try Network.build(
            NetworkSpec(
                input: [32],
                [
                    .embedding(vocabulary: 500, width: 64, positions: .rows(300), deviation: 0.02), .layerNorm(), .lstm(units: 25),
                    .dense(units: 500),
                ], loss: .softmaxCrossEntropy))
        let parameters = Arena<Float>(count: model.layout.elementCount)
        Network.initialise(model.layout, seed: 7, into: parameters)
        func values(_ name: String) throws -> [Double] {
            parameters.array(try #require(model.layout[name]).range).map { Double($0) }
        }
        for name in ["layers.0.weight", "layers.0.positions"] {
            let values = try values(name)
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let variance = values.reduce(0) { $0 + $1 * $1 } / count
            let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
            #expect(abs(mean) < 4 * 0.02 / count.squareRoot())
            #expect(abs(variance / 0.0004 - 1) < 4 * (2 / count).squareRoot())
            #expect(abs(fourth / (variance * variance) - 3) < 0.2, "a normal distribution, not another of that width")
        }
        #expect(try values("layers.0.weight").prefix(100) != values("layers.0.positions").prefix(100))
        #expect(try values("layers.1.weight").allSatisfy { $0 == 1 })
        #expect(try values("layers.1.bias").allSatisfy { $0 == 0 })
        for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"] {
            let values = try values("layers.2.\(name)")
            #expect(values.allSatisfy { abs($0) <= 0.2 } && values.contains { abs($0) > 0.18 })
        }
        let images = try Network.build(
            NetworkSpec(input: [4, 4, 3], [.batchNorm2d(), .flatten, .dense(units: 2)], loss: .softmaxCrossEntropy))
        let arena = Arena<Float>(count: images.layout.elementCount)
        Network.initialise(images.layout, seed: 7, into: arena)
        for (name, value) in [("weight", Float(1)), ("bias", 0), ("running_mean", 0), ("running_var", 1)] {
            #expect(arena.array(try #require(images.layout["layers.0.\(name)"]).range) == [value, value, value])
        }
    }
}
