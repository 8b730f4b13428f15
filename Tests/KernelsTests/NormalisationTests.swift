import Kernels
import Testing

@Suite struct NormalisationTests {
    static let shapes = [
        (0, 5), (1, 1), (2, 3), (3, 10), (5, 15), (4, 16), (6, 17), (7, 65), (9, 100), (4, 128), (63, 7), (64, 33), (65, 64), (130, 80),
        (3, 530),
    ]

    @Test(arguments: Level.all, StorageType.allCases)
    func layerNormMatchesTheOracle(level: Level, type: StorageType) {
        for (rows, columns) in Self.shapes {
            let actual = layerNorm(level.kernels, rows, columns, type, convert: { $0 })
            let expected = layerNorm(ReferenceKernels<Double>(), rows, columns, type, convert: Double.init)
            compare(actual, expected, type, rounded: [0, 3], slack: 1e-5, "layer \(rows)×\(columns)")
        }
    }

    @Test(arguments: Level.all, StorageType.allCases)
    func batchNormMatchesTheOracle(level: Level, type: StorageType) {
        for (rows, columns) in Self.shapes {
            for variant in 0..<4 {
                let actual = batchNorm(level.kernels, rows, columns, type, variant, convert: { $0 })
                let expected = batchNorm(ReferenceKernels<Double>(), rows, columns, type, variant, convert: Double.init)
                compare(actual, expected, type, rounded: [2, 3, 6], slack: 2e-5, "batch \(rows)×\(columns), variant \(variant)")
            }
        }
    }

    /// Operands of different types take other loops.
    @Test(arguments: Level.all)
    func mixedTypesMatchTheOracle(level: Level) {
        for (rows, columns) in [(3, 10), (5, 33), (9, 64)] {
            for mixture in 1..<15 {
                let types = (0..<4).map { mixture >> $0 & 1 == 0 ? StorageType.scalar : .bfloat16 }
                let actual = layerNorm(level.kernels, rows, columns, types[0], types, convert: { $0 })
                let expected = layerNorm(ReferenceKernels<Double>(), rows, columns, types[0], types, convert: Double.init)
                compare(actual, expected, .bfloat16, rounded: [0, 3], slack: 1e-5, "layer \(types)")
                let batch = batchNorm(level.kernels, rows, columns, types[0], 3, types, convert: { $0 })
                let wanted = batchNorm(ReferenceKernels<Double>(), rows, columns, types[0], 3, types, convert: Double.init)
                compare(batch, wanted, .bfloat16, rounded: [2, 3, 6], slack: 2e-5, "batch \(types)")
            }
        }
    }

    /// Sums of squares in floats would leave no digit: a mean a thousand deviations away, one that jumps after the first block of rows,
    /// one that wanders, and a first row that lies far from all others.
    @Test(arguments: Level.all, 0..<4)
    func aLargeMeanKeepsTheVariance(level: Level, place: Int) {
        let (rows, columns) = (5000, 19)
        var x = TestNumbers(301).uniform(rows * columns)
        for i in 0..<x.count {
            let row = i / columns
            x[i] += [1000, row < 64 ? 0 : 1000, Float(row), row == 0 ? 1e6 : 0][place]
        }
        let (input, mean, inverse) = (StoredValues(x), StoredValues<Float>(results: columns), StoredValues<Float>(results: columns))
        level.kernels.batchNormStatistics(
            rows: rows, columns: columns, epsilon: 0, input.operand, mean: mean.destination, inverse: inverse.destination)
        let (exact, exactMean, exactInverse) = (
            StoredValues(x.doubles), StoredValues<Double>(results: columns), StoredValues<Double>(results: columns)
        )
        ReferenceKernels<Double>().batchNormStatistics(
            rows: rows, columns: columns, epsilon: 0, exact.operand, mean: exactMean.destination, inverse: exactInverse.destination)
        if let wrong = mismatch(mean.values, exactMean.values, relative: 1e-6) { Issue.record("mean\(wrong)") }
        if let wrong = mismatch(inverse.values, exactInverse.values, relative: 1e-6) { Issue.record("inverse\(wrong)") }
    }

    /// A row's results do not depend on the rows around it.
    @Test(arguments: Level.all, StorageType.allCases)
    func rowsAreIndependent(level: Level, type: StorageType) {
        let columns = 37
        for variant in 0..<2 {
            let many = forward(level.kernels, rows: 11, columns, type, isLayer: variant == 0)
            for rows in [1, 3, 4, 6] {
                let few = forward(level.kernels, rows: rows, columns, type, isLayer: variant == 0)
                #expect(few.bits == Array(many.prefix(rows * columns)).bits, "\(rows) rows")
            }
        }
    }

    @Test(arguments: StorageType.allCases)
    func fusedLevelsAgree(type: StorageType) {
        for (rows, columns) in [(5, 37), (70, 100)] {
            let layers = Level.fused.map { layerNorm($0.kernels, rows, columns, type) { $0 }.map(\.bits) }
            let batches = Level.fused.map { batchNorm($0.kernels, rows, columns, type, 3) { $0 }.map(\.bits) }
            for other in layers.dropFirst() { #expect(other == layers[0]) }
            for other in batches.dropFirst() { #expect(other == batches[0]) }
        }
    }

    /// What is not a number stays in its row, or in its column.
    @Test(arguments: Level.all, StorageType.allCases)
    func notANumberStaysWhereItBelongs(level: Level, type: StorageType) {
        for bad in [Float.nan, .infinity] {
            let (rows, columns) = (6, 21)
            var x = TestNumbers(302).uniform(rows * columns)
            x[2 * columns + 20] = bad
            let layer = forward(level.kernels, rows: rows, columns, type, isLayer: true, x)
            let batch = forward(level.kernels, rows: rows, columns, type, isLayer: false, x)
            for r in 0..<rows {
                for c in 0..<columns {
                    #expect(layer[r * columns + c].isNaN == (r == 2), "layer \(bad) \(r) \(c)")
                    #expect(batch[r * columns + c].isNaN == (c == 20), "batch \(bad) \(r) \(c)")
                }
            }
        }
    }
}

/// Each result against the oracle's; those listed in `rounded` were stored in `type`, the others are scalars.
private func compare(
    _ actual: [[Float]], _ expected: [[Double]], _ type: StorageType, rounded: Set<Int>, slack: Double, _ what: String
) {
    for (i, (a, e)) in zip(actual, expected).enumerated() {
        // Two roundings can differ where what is rounded does by the slack.
        let relative = rounded.contains(i) ? 2 * type.rounding : 0
        let scale = e.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        if let wrong = mismatch(a, e, relative: relative, floor: slack * scale) { Issue.record("\(what), result \(i): \(wrong)") }
    }
}

/// y, mean, inverse, dx with and without a residual's gradient, gradients of gain and shift.
private func layerNorm<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ type: StorageType, _ mixture: [StorageType]? = nil, convert: (Float) -> K.Scalar
) -> [[K.Scalar]] {
    let types = mixture ?? [type, type, type, type]
    func input(_ seed: UInt64, _ count: Int, _ type: StorageType) -> StoredValues<K.Scalar> {
        StoredValues(type.stored(TestNumbers(seed).uniform(count)).map(convert), type)
    }
    let count = rows * columns
    let (x, dy, residual) = (input(311, count, types[0]), input(312, count, types[1]), input(313, count, types[2]))
    let (gain, shift) = (input(314, columns, .scalar), input(315, columns, .scalar))
    let (mean, inverse) = (StoredValues<K.Scalar>(results: rows), StoredValues<K.Scalar>(results: rows))
    let (y, dx) = (StoredValues<K.Scalar>(results: count, types[3]), StoredValues<K.Scalar>(results: count, types[3]))
    kernels.layerNorm(
        rows: rows, columns: columns, epsilon: 1e-3, x.operand, gain: gain.operand, shift: shift.operand, into: y.destination,
        mean: mean.destination, inverse: inverse.destination)
    let (dGain, dShift) = (StoredValues<K.Scalar>(results: columns), StoredValues<K.Scalar>(results: columns))
    kernels.layerNormGradient(
        rows: rows, columns: columns, x.operand, gain: gain.operand, mean: mean.operand, inverse: inverse.operand,
        outputGradient: dy.operand, residual: (columns % 2 == 0 ? residual.operand : .absent), into: dx.destination,
        gainGradient: dGain.destination, shiftGradient: dShift.destination)
    return [y.values, mean.values, inverse.values, dx.values, dGain.values, dShift.values]
}

/// Mean, inverse, y, dx, gradients of gain and shift, and of the residual. Bit 0 of `variant`: relu, bit 1: with a residual.
private func batchNorm<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ type: StorageType, _ variant: Int, _ mixture: [StorageType]? = nil,
    convert: (Float) -> K.Scalar
) -> [[K.Scalar]] {
    let types = mixture ?? [type, type, type, type]
    func input(_ seed: UInt64, _ count: Int, _ type: StorageType) -> StoredValues<K.Scalar> {
        StoredValues(type.stored(TestNumbers(seed).uniform(count)).map(convert), type)
    }
    let count = rows * columns
    let activation: Activation = variant & 1 == 0 ? .identity : .relu
    let (x, dy, residual) = (input(321, count, types[0]), input(322, count, types[1]), input(323, count, types[2]))
    let (gain, shift) = (input(324, columns, .scalar), input(325, columns, .scalar))
    let (mean, inverse) = (StoredValues<K.Scalar>(results: columns), StoredValues<K.Scalar>(results: columns))
    kernels.batchNormStatistics(
        rows: rows, columns: columns, epsilon: 1e-3, x.operand, mean: mean.destination, inverse: inverse.destination)
    let (y, dx) = (StoredValues<K.Scalar>(results: count, types[3]), StoredValues<K.Scalar>(results: count, types[3]))
    kernels.batchNorm(
        rows: rows, columns: columns, x.operand, mean: mean.operand, inverse: inverse.operand, gain: gain.operand, shift: shift.operand,
        residual: variant & 2 == 0 ? .absent : residual.operand, activation: activation, into: y.destination)
    // A gate of its own: one computed here could be a rounding away from the oracle's.
    let gate = input(326, count, types[2])
    let (dGain, dShift) = (StoredValues<K.Scalar>(results: columns), StoredValues<K.Scalar>(results: columns))
    let dResidual = StoredValues<K.Scalar>(results: variant & 2 == 0 ? 0 : count, types[1])
    kernels.batchNormGradient(
        rows: rows, columns: columns, x.operand, mean: mean.operand, inverse: inverse.operand, gain: gain.operand, activation: activation,
        output: variant & 1 == 0 ? .absent : gate.operand, outputGradient: dy.operand, into: dx.destination,
        gainGradient: dGain.destination, shiftGradient: dShift.destination, residualGradient: dResidual.destination)
    return [mean.values, inverse.values, y.values, dx.values, dGain.values, dShift.values, dResidual.values]
}

/// y of a layer normalisation, or of a batch normalisation by its own statistics over all rows (over eleven if x is not given).
private func forward(_ kernels: FloatKernels, rows: Int, _ columns: Int, _ type: StorageType, isLayer: Bool, _ given: [Float]? = nil)
    -> [Float]
{
    let values = given ?? TestNumbers(331).uniform(11 * columns)
    let all = StoredValues(type.stored(values), type)
    let x = StoredValues(type.stored(Array(values.prefix(rows * columns))), type)
    let (gain, shift) = (StoredValues(TestNumbers(332).uniform(columns)), StoredValues(TestNumbers(333).uniform(columns)))
    let y = StoredValues<Float>(results: rows * columns, type)
    if isLayer {
        let (mean, inverse) = (StoredValues<Float>(results: rows), StoredValues<Float>(results: rows))
        kernels.layerNorm(
            rows: rows, columns: columns, epsilon: 1e-3, x.operand, gain: gain.operand, shift: shift.operand, into: y.destination,
            mean: mean.destination, inverse: inverse.destination)
    } else {
        let (mean, inverse) = (StoredValues<Float>(results: columns), StoredValues<Float>(results: columns))
        kernels.batchNormStatistics(
            rows: values.count / columns, columns: columns, epsilon: 1e-3, all.operand, mean: mean.destination,
            inverse: inverse.destination)
        kernels.batchNorm(
            rows: rows, columns: columns, x.operand, mean: mean.operand, inverse: inverse.operand, gain: gain.operand,
            shift: shift.operand, residual: .absent, activation: .relu, into: y.destination)
    }
    return y.values
}
