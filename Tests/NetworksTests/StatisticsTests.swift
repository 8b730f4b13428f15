import Networks
import TensorCore
import Testing

@Suite struct StatisticsTests {
    @Test func figuresAreOverFiniteElements() {
        let layout = ParameterLayout(
            [
                ParameterDescription(name: "a", role: "weight", memoryShape: [4], transform: .identity, fanIn: 1),
                ParameterDescription(name: "b", role: "bias", memoryShape: [3], transform: .identity, fanIn: 1),
            ], memoryOrder: [1, 0])
        let arena = Arena<Float>(count: layout.elementCount)
        arena.withMutableSpan(layout["a"]!.range) { values in
            (values[0], values[1], values[2], values[3]) = (3, -4, 0, 0)
        }
        arena.withMutableSpan(layout["b"]!.range) { values in
            (values[0], values[1], values[2]) = (.nan, 2, .infinity)
        }
        let figures = Network.statistics(layout, of: arena)
        #expect(figures.map(\.name) == ["a", "b"])
        #expect(figures[0].norm == 5 && figures[0].mean == -0.25 && figures[0].minimum == -4 && figures[0].maximum == 3)
        #expect(figures[0].zeros == 2 && figures[0].isFinite)
        #expect(figures[1].nonFinite == 2 && !figures[1].isFinite && figures[1].norm == 2 && figures[1].maximum == 2)
    }
}
