import Kernels
import Testing

/// Cross-entropy over sequences, on either storage type.
@Suite struct MixedLossTests {
    static let shapes = [(0, 1, 3), (1, 1, 1), (2, 3, 10), (3, 2, 16), (1, 17, 33), (2, 2, 65), (1, 2, 2048), (1, 1, 2049), (2, 1, 5003)]

    @Test(arguments: Level.all, StorageType.allCases)
    func crossEntropyMatchesTheOracle(level: Level, type: StorageType) {
        for (rows, positions, columns) in Self.shapes {
            let logits = type.stored(TestNumbers(361).uniform(rows * positions * columns).map { $0 * 15 })
            let classes = TestNumbers(362).classes(rows * positions, below: columns)
            let actual = loss(level.kernels, rows, positions, logits, classes, type)
            let expected = loss(ReferenceKernels<Double>(), rows, positions, logits.doubles, classes, type)
            if let wrong = mismatch(actual.loss, expected.loss, relative: 2e-6, floor: 4e-6) {
                Issue.record("\(rows)×\(positions)×\(columns) loss\(wrong)")
            }
            if let wrong = mismatch(actual.gradient, expected.gradient, relative: 2 * type.rounding + 4e-6, floor: 2e-7) {
                Issue.record("\(rows)×\(positions)×\(columns) gradient\(wrong)")
            }
            let inPlace = loss(level.kernels, rows, positions, logits, classes, type, inPlace: true)
            #expect(inPlace.loss.bits == actual.loss.bits && inPlace.gradient.bits == actual.gradient.bits)
        }
    }

    /// Masked logits are minus infinity, whole blocks of them too; other infinities and NaN spoil their row alone.
    @Test(arguments: Level.all)
    func infinities(level: Level) {
        let columns = 5000
        var logits = TestNumbers(363).uniform(4 * columns)
        for c in 0..<4100 { logits[c] = -.infinity }
        logits[columns + 4200] = .nan
        logits[2 * columns + 7] = .infinity
        let classes: [Int32] = [4500, 3, 4, 5]
        let actual = loss(level.kernels, 4, 1, logits, classes, .scalar)
        let expected = loss(ReferenceKernels<Double>(), 4, 1, logits.doubles, classes, .scalar)
        #expect(actual.loss.map(\.isNaN) == [false, true, true, false])
        if let wrong = mismatch(actual.loss, expected.loss, relative: 1e-6, floor: 4e-6) { Issue.record("loss\(wrong)") }
        if let wrong = mismatch(actual.gradient, expected.gradient, within: 1e-6) { Issue.record("gradient\(wrong)") }
        let closed = loss(level.kernels, 1, 1, [Float](repeating: -.infinity, count: 20), [3], .scalar)
        #expect(closed.loss[0].isNaN && closed.gradient.allSatisfy(\.isNaN))
    }

    @Test func fusedLevelsAgree() {
        for type in StorageType.allCases {
            let logits = TestNumbers(364).uniform(3 * 5003).map { $0 * 20 }
            let all = Level.fused.map { loss($0.kernels, 1, 3, type.stored(logits), [1, 2, 3], type) }
            for other in all.dropFirst() {
                #expect(other.loss.bits == all[0].loss.bits && other.gradient.bits == all[0].gradient.bits)
            }
        }
    }

    @Test func aClassOutsideTheColumnsTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = loss(FloatKernels(.detected), 1, 2, [0, 0, 0, 0, 0, 0], [1, 3], .scalar)
        }
    }
}

private func loss<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ positions: Int, _ logits: [K.Scalar], _ classes: [Int32], _ type: StorageType, inPlace: Bool = false
) -> (loss: [K.Scalar], gradient: [K.Scalar]) {
    let logits = StoredValues(logits, type)
    let losses = StoredValues<K.Scalar>(results: rows)
    let gradient = inPlace ? logits : StoredValues<K.Scalar>(results: logits.count, type)
    let columns = rows == 0 ? 3 : logits.count / (rows * positions)
    kernels.softmaxCrossEntropy(
        rows: rows, positions: positions, columns: columns, logits: logits.operand, classes: classes.span, scale: 0.5,
        into: losses.destination, gradient: gradient.destination)
    return (losses.values, gradient.values)
}
