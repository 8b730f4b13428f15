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
}
