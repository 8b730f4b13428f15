import Kernels
import Testing

/// One product with riders: a point of the space of calls, chosen by a number.
struct ProductTrial: CustomStringConvertible {
    var product: Product
    var activation: Activation
    var gate: Gate
    var rider: StorageType
    var (hasBias, hasResidual, hasSlope, hasSums) = (false, false, false, false)

    init(_ shape: MatmulShape, variant: Int) {
        let random = CounterRandom(seed: UInt64(variant), stream: 9)
        func pick(_ index: UInt64, _ below: UInt32) -> Int { Int(random.uint32(at: index) % below) }
        product = Product(shape, operands: pick(0, 3) == 0 ? .bfloat16 : .scalar, result: pick(1, 3) == 0 ? .bfloat16 : .scalar)
        activation = pick(2, 2) == 0 ? .identity : Activation.allCases[pick(3, 6)]
        gate = [.none, .none, .open, .factor][pick(4, 4)]
        rider = pick(5, 2) == 0 ? .scalar : .bfloat16
        (hasBias, hasResidual, hasSlope) = (pick(6, 2) == 0, pick(7, 3) == 0, pick(8, 3) == 0)
        product.accumulates = pick(9, 3) == 0
        product.packedWeights = !shape.form.aTransposed && pick(10, 3) == 0
        hasSums = shape.form == .tn && pick(11, 2) == 0
        if pick(12, 2) == 0 {
            product.aRow += pick(13, 9)
            product.bRow += pick(14, 9)
            product.cRow += pick(15, 9)
        }
        if pick(16, 4) == 0 && !product.packedWeights && !hasSums {
            product.batch = 2
            product.aBatch = (shape.form.aTransposed ? shape.k : shape.m) * product.aRow + 1
            product.bBatch = (shape.form.bTransposed ? shape.n : shape.k) * product.bRow + 2
            product.cBatch = shape.m * product.cRow + 3
        }
    }

    var description: String {
        "\(product.shape) of \(product.operands) to \(product.result), batch \(product.batch), packed \(product.packedWeights), "
            + "accumulates \(product.accumulates), \(activation), gate \(gate), bias \(hasBias), residual \(hasResidual), "
            + "slope \(hasSlope), sums \(hasSums), rows \(product.aRow) \(product.bRow) \(product.cRow)"
    }
}

/// Guarded memory for one element type, holding values rounded to it.
final class ProductOperandMemory {
    private let memory = GuardedMemory<UInt8>(capacity: 2_600_000)

    func hold(_ values: [Float], _ type: StorageType) -> Destination<Float> {
        let bytes: [UInt8] =
            type == .scalar
            ? values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
            : values.flatMap { value in
                let bits = BFloat16Bits.rounding(value)
                return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
            }
        return Destination(base: UnsafeMutableRawPointer(memory.hold(bytes).baseAddress), count: values.count, type: type)
    }
}

/// Runs a trial at a level and in double.
final class ProductBench {
    private let memories = (0..<6).map { _ in ProductOperandMemory() }

    func check(_ trial: ProductTrial, _ level: Level) {
        let product = trial.product
        let (m, n, k) = (product.shape.m, product.shape.n, product.shape.k)
        let form = product.shape.form
        func extent(_ rows: Int, _ columns: Int, _ row: Int, _ distance: Int) -> Int {
            rows == 0 || columns == 0 ? 0 : (product.batch - 1) * distance + (rows - 1) * row + columns
        }
        let aCount = form.aTransposed ? extent(k, m, product.aRow, product.aBatch) : extent(m, k, product.aRow, product.aBatch)
        let bCount = form.bTransposed ? extent(n, k, product.bRow, product.bBatch) : extent(k, n, product.bRow, product.bBatch)
        let cCount = extent(m, n, product.cRow, product.cBatch)
        let old = TestNumbers(33).uniform(cCount)
        let a = memories[0].hold(TestNumbers(31).uniform(aCount), product.operands)
        let b = memories[1].hold(product.packedWeights ? [] : TestNumbers(32).uniform(bCount), product.operands)
        let c = memories[2].hold(old, product.result)
        var epilogue = Epilogue<Float>()
        let bias = TestNumbers(34).uniform(trial.hasBias ? n : 0)
        epilogue.activation = trial.activation
        epilogue.gate = trial.gate
        if trial.gate != .none { epilogue.gateData = memories[3].hold(TestNumbers(35).uniform(cCount), trial.rider).operand }
        if trial.hasResidual { epilogue.residual = memories[4].hold(TestNumbers(36).uniform(cCount), trial.rider).operand }
        if trial.hasSlope { epilogue.slope = memories[5].hold(TestNumbers(37).uniform(cCount), trial.rider) }
        let weights = TestNumbers(32).uniform(product.packedWeights ? k * n : 0)

        let expected = Expected(trial, a.operand, b.operand, weights, bias, epilogue, old)
        let sums = ProductMemory(level.kernels, product).run(
            a.operand, b.operand, weights: product.packedWeights ? weights : nil, bias: bias, epilogue: epilogue, into: c,
            sums: trial.hasSums)

        // A chain of k multiply-adds on numbers below one, and the functions' own errors.
        let bound = Double(k + 4) * 0x1p-24 * (Double(k) / 3 + 3) + 4e-6
        let finer = { (type: StorageType, value: Double) in bound + (type == .bfloat16 ? abs(value) * 0x1p-8 : 0) }
        for i in 0..<cCount where !(abs(Double(c[i]) - expected.c[i]) <= finer(product.result, expected.c[i])) {
            Issue.record("\(level.name), \(trial): [\(i)] is \(c[i]), expected \(expected.c[i])")
            return
        }
        if trial.hasSlope && trial.activation != .relu {
            for i in 0..<cCount where !(abs(Double(epilogue.slope[i]) - expected.slope[i]) <= 2 * finer(trial.rider, expected.slope[i])) {
                Issue.record("\(level.name), \(trial): slope [\(i)] is \(epilogue.slope[i]), expected \(expected.slope[i])")
                return
            }
        }
        if trial.hasSums { #expect(sums == expected.sums, "\(level.name), \(trial): sums") }
    }
}

/// What the reference makes of a trial in double, and the sums in Float.
private struct Expected {
    var c: [Double]
    var slope: [Double]
    var sums: [Float] = []

    init(
        _ trial: ProductTrial, _ a: Operand<Float>, _ b: Operand<Float>, _ weights: [Float], _ bias: [Float], _ epilogue: Epilogue<Float>,
        _ old: [Float]
    ) {
        let reference = ReferenceKernels<Double>()
        let rounds = trial.product.result == .bfloat16
        c = old.map { Double(rounds ? BFloat16Bits.float(BFloat16Bits.rounding($0)) : $0) }
        slope = (0..<epilogue.slope.count).map { Double(epilogue.slope[$0]) }
        // Everything in double, bf16 operands having been rounded.
        var product = trial.product
        (product.operands, product.result) = (.scalar, .scalar)
        func doubles(_ operand: Operand<Float>) -> [Double] { (0..<operand.count).map { Double(operand[$0]) } }
        var (aValues, bValues, biasValues) = (doubles(a), doubles(b), bias.doubles)
        var (gateValues, residualValues) = (doubles(epilogue.gateData), doubles(epilogue.residual))
        var sumValues = [Double](repeating: 0, count: trial.hasSums ? trial.product.shape.n : 0)
        var weightValues = weights.map { Double(trial.product.operands == .bfloat16 ? BFloat16Bits.float(BFloat16Bits.rounding($0)) : $0) }
        if product.packedWeights && product.shape.form.bTransposed {
            let (n, k) = (product.shape.n, product.shape.k)
            let stored = weightValues
            for p in 0..<k { for j in 0..<n { weightValues[p * n + j] = stored[j * k + p] } }
        }
        aValues.with { a in
            bValues.with { b in
                weightValues.with { weights in
                    var riders = Epilogue<Double>()
                    (riders.activation, riders.gate) = (epilogue.activation, epilogue.gate)
                    biasValues.with { bias in
                        gateValues.with { gate in
                            residualValues.with { residual in
                                slope.with { slope in
                                    c.with { c in
                                        sumValues.with { sums in
                                            (riders.bias, riders.gateData, riders.residual) = (bias.operand, gate.operand, residual.operand)
                                            riders.slope = slope
                                            let packed = WeightOperand<Double>(
                                                base: weights.operand.base, count: weights.count * 8, isPacked: true)
                                            reference.product(
                                                product, a.operand, b.operand, weights: product.packedWeights ? packed : nil,
                                                epilogue: riders, into: c, bSums: sums, workspace: .none)
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        if trial.hasSums {
            let (n, k) = (trial.product.shape.n, trial.product.shape.k)
            sums = (0..<n).map { j in (0..<k).reduce(Float(0)) { $0 + b[$1 * trial.product.bRow + j] } }
        }
    }
}

extension Array where Element == Double {
    fileprivate mutating func with(_ body: (Destination<Double>) -> Void) {
        withUnsafeMutableBytes { body(Destination(base: $0.baseAddress, count: $0.count / 8, type: .scalar)) }
    }
}

/// The workspace and the packed weights of one product, aligned and of exactly the sizes asked for.
struct ProductMemory {
    let kernels: FloatKernels
    let product: Product

    init(_ kernels: FloatKernels, _ product: Product) {
        self.kernels = kernels
        self.product = product
    }

    /// Runs on dense fp32 operands.
    func run(_ a: [Float], _ b: [Float], weights: [Float]?) -> [Float] {
        var (a, b) = (a, b)
        var c = [Float](repeating: .nan, count: product.shape.m * product.shape.n)
        a.withUnsafeMutableBytes { a in
            b.withUnsafeMutableBytes { b in
                c.withUnsafeMutableBytes { c in
                    _ = run(
                        Operand(base: a.baseAddress, count: a.count / 4, type: .scalar),
                        Operand(base: b.baseAddress, count: b.count / 4, type: .scalar), weights: weights, bias: [], epilogue: Epilogue(),
                        into: Destination(base: c.baseAddress, count: c.count / 4, type: .scalar), sums: false)
                }
            }
        }
        return c
    }

    /// Returns the sums of b.
    func run(
        _ a: Operand<Float>, _ b: Operand<Float>, weights: [Float]?, bias: [Float], epilogue: Epilogue<Float>, into c: Destination<Float>,
        sums wantsSums: Bool
    ) -> [Float] {
        var (bias, epilogue, weights) = (bias, epilogue, weights ?? [])
        var sums = [Float](repeating: .nan, count: wantsSums ? product.shape.n : 0)
        let (n, k) = (product.shape.n, product.shape.k)
        let packing = WeightPacking(k: k, n: n, transposed: product.shape.form.bTransposed, type: product.operands)
        let packed = product.packedWeights ? scratch(kernels.packedBytes(packing)) : Scratch.none
        let workspace = scratch(kernels.productWorkspace(product))
        defer {
            packed.base?.deallocate()
            workspace.base?.deallocate()
        }
        weights.withUnsafeMutableBytes { bytes in
            if product.packedWeights {
                kernels.pack(packing, weights: Operand(base: bytes.baseAddress, count: bytes.count / 4, type: .scalar), into: packed)
            }
        }
        bias.withUnsafeMutableBytes { bias in
            sums.withUnsafeMutableBytes { sums in
                epilogue.bias = Operand(base: bias.baseAddress, count: bias.count / 4, type: .scalar)
                kernels.product(
                    product, a, b,
                    weights: product.packedWeights ? WeightOperand(base: packed.base, count: packed.bytes, isPacked: true) : nil,
                    epilogue: epilogue, into: c, bSums: Destination(base: sums.baseAddress, count: sums.count / 4, type: .scalar),
                    workspace: workspace)
            }
        }
        return sums
    }

    /// Bytes that are NaN as floats and as bf16.
    private func scratch(_ bytes: Int) -> Scratch {
        if bytes == 0 { return Scratch.none }
        let base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes)
        return Scratch(base: base, bytes: bytes)
    }
}

extension Scratch {
    /// The memory of a kernel that wants none.
    static var none: Scratch { Scratch(base: nil, bytes: 0) }
}
