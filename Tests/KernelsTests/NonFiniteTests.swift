import Kernels
import Testing

@Suite struct NonFiniteTests {
    /// NaN and either infinity, in every input of every kernel: what is NaN, infinite or finite afterwards is what it is at the level of
    /// the reference, at every level.
    @Test(arguments: KernelCase.all)
    func levelsAgreeOnThePattern(test: KernelCase) {
        let levels = Level.all.filter { $0.kernels.instructionSet != .swift }
        for (type, input) in test.types.flatMap({ type in test.inputs.indices.map { (type, $0) } }) {
            // The first element, the last, and one in the middle of a row.
            for place in [0, test.inputs[input] * 5 / 9, test.inputs[input] - 1] {
                for value in [Float.nan, .infinity, -.infinity] {
                    var values = test.numbers()
                    values[input][place] = value
                    let expected = test.results(FloatKernels(.swift), values, type)
                    for level in levels {
                        let actual = test.results(level.kernels, values, type)
                        for result in expected.indices {
                            for (index, (a, e)) in zip(actual[result], expected[result]).enumerated() where kind(a) != kind(e) {
                                let difference = NonFiniteDifference(
                                    level: level.kernels.instructionSet, type: type, value: value, input: input, place: place,
                                    result: result, index: index, actual: a, expected: e)
                                if test.allows(difference) { continue }
                                Issue.record("\(difference)")
                                break
                            }
                        }
                    }
                }
            }
        }
    }

    private func kind(_ value: Float) -> Int { value.isNaN ? 3 : value.isFinite ? 0 : value > 0 ? 1 : 2 }
}
