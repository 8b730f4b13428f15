import Kernels

extension KernelCase {
    /// Every activation with its slope, each gate, a bias and a residual, at the sizes of whole tiles and of their tails.
    static let products: [KernelCase] = endings.flatMap { kind, gate in
        [(18, 37, 20), (4, 64, 32)].map { m, n, k in product(m, n, k, kind, gate) }
    }

    private static let endings: [(Activation, Gate)] =
        Activation.allCases.map { ($0, .none) } + [(.identity, .open), (.geluTanh, .open), (.gelu, .factor), (.identity, .factor)]

    static let sequences = [
        attention(length: 7, causal: true), attention(length: 40, causal: false), lstm(rows: 3, length: 3, inputs: 5, hidden: 19),
        lstm(rows: 20, length: 2, inputs: 6, hidden: 32),
    ]

    /// Beyond one block, for numbers alone.
    static let large =
        endings.map { kind, gate in product(70, 200, 300, kind, gate) } + [
            attention(length: 150, causal: true), lstm(rows: 33, length: 10, inputs: 40, hidden: 70),
        ]

    private static func product(_ m: Int, _ n: Int, _ k: Int, _ kind: Activation, _ gate: Gate) -> KernelCase {
        let inputs = [m * k, k * n, n, m * n, m * n]
        let test = KernelCase("\(m)×\(n)×\(k) product, \(kind), gate \(gate)", inputs: inputs) { kernels, x, type in
            let (a, b) = (StoredValues(x[0], type), StoredValues(x[1], type))
            let (gated, residual) = (StoredValues(x[3], type), StoredValues(x[4], type))
            let (c, slope) = (StoredValues<Float>(results: m * n, type), StoredValues<Float>(results: m * n, type))
            let product = Product(MatmulShape(.nn, m: m, n: n, k: k), operands: type, result: type)
            var epilogue = Epilogue<Float>()
            (epilogue.activation, epilogue.gate) = (kind, gate)
            if gate != .none { epilogue.gateData = gated.operand }
            epilogue.residual = residual.operand
            epilogue.slope = slope.destination
            _ = ProductMemory(kernels, product).run(
                a.operand, b.operand, weights: nil, bias: x[2], epilogue: epilogue, into: c.destination, sums: false)
            return withExtendedLifetime((gated, residual)) { [c.values, slope.values] }
        }
        guard kind.gradientNeedsInput else { return test.onTiles() }
        // The slope of an infinite sum is its limit.
        return test.onTiles().allowing { difference in
            difference.result == 1 && difference.value.isInfinite && difference.expected.isNaN
                && min(difference.actual.magnitude, (difference.actual - 1).magnitude) < 1e-6
        }
    }

    private static func attention(length: Int, causal: Bool) -> KernelCase {
        let call = AttentionCall(length: length, heads: 1, size: 24, causal: causal)
        let test = KernelCase("attention over \(length)", inputs: [length * 72, length * 24]) { kernels, x, type in
            let test = AttentionCase(call, rows: 1, type)
            (test.qkv, test.dy) = (type.stored(x[0]), type.stored(x[1]))
            let results = test.run(kernels)
            return [results.y, results.statistics, results.dqkv]
        }
        // The logarithm of a sum that is NaN, to which an infinite score is added.
        return test.onTiles().allowing { $0.result == 1 && $0.neitherIsFinite }
    }

    private static func lstm(rows: Int, length: Int, inputs: Int, hidden: Int) -> KernelCase {
        let (tokens, gates) = (rows * length, 4 * hidden)
        let counts = [tokens * inputs, inputs * gates, hidden * gates, gates, gates, tokens * hidden]
        let test = KernelCase("an LSTM of \(length) steps, \(rows) rows", inputs: counts) { kernels, x, type in
            let call = LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type)
            let run = LSTMRun(
                kernels, call, rows: rows,
                replacing: [
                    .x: x[0], .inputWeights: x[1], .hiddenWeights: x[2], .inputBias: x[3], .hiddenBias: x[4], .outputGradient: x[5],
                ])
            return run.all.map(\.values)
        }
        // On tiles the first step's forget gate has a gradient of zero, as the cell before it is; and the state before it is multiplied.
        return test.onTiles().allowing { difference in
            guard difference.level == .amx && difference.type == .bfloat16 else { return false }
            switch difference.result {
            case 1: return difference.neitherIsFinite
            case 2, 4: return (hidden..<2 * hidden).contains(difference.index % gates)
            case 3: return !difference.actual.isFinite
            default: return false
            }
        }
    }
}
