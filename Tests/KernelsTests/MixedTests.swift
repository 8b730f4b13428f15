import Kernels
import Testing

@Suite struct MixedTests {
    static let counts = Array(0...20) + [31, 32, 33, 47, 64, 100]
    /// Types of two inputs and an output.
    static let mixtures: [[StorageType]] = (0..<8).map { i in (0..<3).map { i >> $0 & 1 == 0 ? .scalar : .bfloat16 } }

    /// Every bit pattern of the upper half, and what lies between: ties, NaN with any payload, the edge of overflow; and subnormal numbers,
    /// but for levels with the instruction that takes them for zeros.
    @Test(arguments: Level.all)
    func conversionRoundsToNearestEven(level: Level) {
        var patterns: [UInt32] = []
        let flushes = [.avx512bf16, .amx].contains(level.kernels.instructionSet)
        for high in stride(from: UInt32(0), to: 0x1_0000, by: 1) {
            if flushes && high & 0x7F80 == 0 { continue }
            for low: UInt32 in [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF] { patterns.append(high << 16 | low) }
        }
        let x = StoredValues(patterns.map { Float(bitPattern: $0) })
        let (half, back) = (StoredValues<Float>(results: x.count, .bfloat16), StoredValues<Float>(results: x.count))
        level.kernels.convert(x.operand, into: half.destination)
        level.kernels.convert(half.operand, into: back.destination)
        let (actual, wanted) = (back.values.bits, patterns.map { UInt32(BFloat16Bits.rounding(Float(bitPattern: $0))) << 16 })
        let wrong = (0..<actual.count).first { actual[$0] != wanted[$0] }
        if let wrong { Issue.record("\(patterns[wrong]) became \(actual[wrong]), not \(wanted[wrong])") }
    }

    /// One rounding to scalars and one to storage: the oracle's bits, in place or not.
    @Test(arguments: Level.all)
    func arithmeticIsExactAtEveryLength(level: Level) {
        for types in Self.mixtures {
            for count in Self.counts {
                var (a, b) = (types[0].stored(TestNumbers(351).uniform(count)), types[1].stored(TestNumbers(352).uniform(count)))
                if count > 20 { (a[3], a[19], b[7], b[16]) = (.nan, .infinity, -.infinity, 0) }
                for operation in 0..<4 {
                    let expected = result(ReferenceKernels<Float>(), operation, a, b, types, inPlace: false)
                    #expect(result(level.kernels, operation, a, b, types, inPlace: false) == expected, "\(operation), \(count), \(types)")
                    if types[0] != types[2] { continue }
                    #expect(result(level.kernels, operation, a, b, types, inPlace: true) == expected, "\(operation), \(count), in place")
                }
            }
        }
        func result(_ k: some KernelSet<Float>, _ operation: Int, _ a: [Float], _ b: [Float], _ types: [StorageType], inPlace: Bool)
            -> [UInt32]
        {
            let (a, b) = (StoredValues(a, types[0]), StoredValues(b, types[1]))
            let c = inPlace ? a : StoredValues<Float>(results: a.count, types[2])
            switch operation {
            case 0: k.add(a.operand, b.operand, into: c.destination)
            case 1: k.multiply(a.operand, b.operand, into: c.destination)
            case 2: k.activate(.relu, a.operand, into: c.destination)
            default: k.activationGradient(.relu, saved: b.operand, outputGradient: a.operand, into: c.destination)
            }
            return c.values.bits
        }
    }

    @Test(arguments: Level.all, Activation.allCases)
    func activationsMatchTheOracle(level: Level, kind: Activation) {
        for types in Self.mixtures {
            for count in [1, 16, 50] {
                let x = types[0].stored(TestNumbers(353).uniform(count).map { $0 * 6 })
                let dy = types[1].stored(TestNumbers(354).uniform(count))
                let actual = activation(level.kernels, kind, x, dy, types)
                let expected = activation(ReferenceKernels<Double>(), kind, x.doubles, dy.doubles, types)
                for (a, e) in zip(actual, expected) {
                    if let wrong = mismatch(a, e, relative: 2 * types[2].rounding + 1e-6, floor: 3e-6) {
                        Issue.record("\(kind), \(types): \(wrong)")
                    }
                }
            }
        }
    }
}

private func activation<K: KernelSet>(_ kernels: K, _ kind: Activation, _ x: [K.Scalar], _ dy: [K.Scalar], _ types: [StorageType])
    -> [[K.Scalar]]
{
    let (x, dy) = (StoredValues(x, types[0]), StoredValues(dy, types[1]))
    let (y, dx) = (StoredValues<K.Scalar>(results: x.count, types[2]), StoredValues<K.Scalar>(results: x.count, types[2]))
    kernels.activate(kind, x.operand, into: y.destination)
    // Any number will do as what was saved.
    kernels.activationGradient(kind, saved: x.operand, outputGradient: dy.operand, into: dx.destination)
    return [y.values, dx.values]
}
