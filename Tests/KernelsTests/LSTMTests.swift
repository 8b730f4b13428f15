import Kernels
import Testing

@Suite struct LSTMTests {
    /// Small sizes, tails of sixteen and thirty-two, plain and packed weights, both types; memory ends at unreadable pages.
    @Test(arguments: Level.all)
    func everyLevelAgreesWithTheReference(level: Level) {
        let sizes = [(1, 1), (2, 3), (3, 5), (5, 1), (16, 16), (17, 15), (33, 17), (4, 32), (31, 33)]
        for (inputs, hidden) in sizes {
            for (rows, length) in [(1, 1), (2, 5), (5, 2), (1, 4), (17, 2), (33, 3)] {
                for (type, packed) in [(StorageType.scalar, false), (.scalar, true), (.bfloat16, true), (.bfloat16, false)] {
                    let call = LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type, packedWeights: packed)
                    let expected = LSTMRun(ReferenceKernels<Float>(), call, rows: rows)
                    let actual = LSTMRun(level.kernels, call, rows: rows)
                    if let wrong = actual.difference(from: expected) {
                        Issue.record("\(level.name), \(call), rows \(rows): \(wrong)")
                        return
                    }
                }
            }
        }
    }

    /// Sizes on which the plans branch. In fp32: several products of x to a sequence, and more rows than one of them has by rule. On tiles:
    /// weights' gradients whose sums rest between stretches of 512 tokens, more than sixteen panels of gates, more than sixteen blocks of
    /// columns, weights beyond the second-level cache with few rows, with many, with several blocks of 32 rows (of one, of two stretches of x
    /// and of the state; gates whole and apart); all tiles whole. The reference's results, once for all.
    @Test(arguments: LargeLSTM.all)
    func largeSizesAgreeWithTheReference(size: LargeLSTM) {
        for type in StorageType.allCases {
            let expected = LSTMRun(ReferenceKernels<Float>(), size.call(type, packed: false), rows: size.rows)
            for level in Level.all where level.kernels.instructionSet != .swift {
                for packed in [false, true] {
                    let call = size.call(type, packed: packed)
                    if let wrong = LSTMRun(level.kernels, call, rows: size.rows).difference(from: expected) {
                        Issue.record("\(level.name), \(call), rows \(size.rows): \(wrong)")
                    }
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func aRowDoesNotDependOnItsBatch(level: Level) {
        for type in StorageType.allCases {
            // On tiles 32 rows go together, few of them have the products of x made beforehand, and where the weights are large several
            // blocks of 32 go together.
            for (inputs, hidden, rows) in [(20, 40, [40, 9, 3]), (300, 310, [70, 32, 9])] {
                let call = LSTMCall(length: 4, inputs: inputs, hidden: hidden, type: type, packedWeights: true)
                let runs = rows.map { LSTMRun(level.kernels, call, rows: $0) }
                for few in runs {
                    #expect(runs[0].y.prefix(few.y.count).map(\.bitPattern) == few.y.map(\.bitPattern), "\(call)")
                    #expect(runs[0].dx.prefix(few.dx.count).map(\.bitPattern) == few.dx.map(\.bitPattern), "\(call)")
                }
            }
        }
    }

    /// A NaN in one row stays there, and spoils all that comes after it in time.
    @Test(arguments: Level.all)
    func aNaNStaysInItsRow(level: Level) {
        for type in StorageType.allCases {
            let call = LSTMCall(length: 3, inputs: 5, hidden: 19, type: type, packedWeights: true)
            var x = TestNumbers(91).uniform(9 * 5)
            x[4 * 5] = .nan
            let run = LSTMRun(level.kernels, call, rows: 3, replacing: [.x: x])
            let nan = (0..<9).map { token in (0..<19).map { run.y[token * 19 + $0].isNaN } }
            for token in 0..<9 { #expect(nan[token].allSatisfy { $0 == (token == 4 || token == 5) }, "\(type), token \(token)") }
            #expect(run.inputWeightGradient.contains { $0.isNaN })
        }
    }
}

struct LargeLSTM: CustomTestStringConvertible, Sendable {
    let rows, length, inputs, hidden: Int
    var testDescription: String { "\(rows)×\(length)×\(inputs)→\(hidden)" }

    static let all = [
        LargeLSTM(rows: 5, length: 70, inputs: 20, hidden: 40), LargeLSTM(rows: 33, length: 16, inputs: 9, hidden: 131),
        LargeLSTM(rows: 13, length: 41, inputs: 500, hidden: 10), LargeLSTM(rows: 12, length: 2, inputs: 300, hidden: 300),
        LargeLSTM(rows: 21, length: 2, inputs: 300, hidden: 300), LargeLSTM(rows: 32, length: 17, inputs: 64, hidden: 64),
        LargeLSTM(rows: 260, length: 3, inputs: 9, hidden: 17), LargeLSTM(rows: 150, length: 2, inputs: 300, hidden: 300),
        LargeLSTM(rows: 40, length: 3, inputs: 600, hidden: 256), LargeLSTM(rows: 34, length: 2, inputs: 20, hidden: 530),
    ]

    func call(_ type: StorageType, packed: Bool) -> LSTMCall {
        LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type, packedWeights: packed)
    }
}
