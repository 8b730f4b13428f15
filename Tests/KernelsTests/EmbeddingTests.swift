import Kernels
import Testing

@Suite struct EmbeddingTests {
    /// Whole numbers: every sum is exact, in either storage type.
    @Test(arguments: Level.all, StorageType.allCases)
    func lookupsAndTheirGradientsAreExact(level: Level, type: StorageType) {
        let oracle = ReferenceKernels<Float>()
        for (rows, length, columns, vocabulary) in [
            (0, 1, 5, 3), (1, 1, 1, 1), (6, 3, 10, 4), (7, 7, 16, 30), (12, 4, 33, 5), (9, 2, 65, 50), (20, 10, 100, 3), (4, 8, 130, 9),
        ] {
            for withPositions in [false, true] {
                let index = TestNumbers(341).classes(rows, below: vocabulary)
                let table = StoredValues(TestNumbers(342).whole(vocabulary * columns))
                let positions = StoredValues(TestNumbers(343).whole(withPositions ? length * columns : 0))
                let (actual, expected) = (
                    StoredValues<Float>(results: rows * columns, type), StoredValues<Float>(results: rows * columns, type)
                )
                for (kernels, y) in [(level.kernels as any KernelSet<Float>, actual), (oracle, expected)] {
                    kernels.embedding(
                        rows: rows, length: length, columns: columns, vocabulary: vocabulary, index: index.span, table: table.operand,
                        positions: positions.operand, into: y.destination)
                }
                #expect(actual.values.bits == expected.values.bits, "\(rows)×\(columns)")

                let dy = StoredValues(TestNumbers(344).whole(rows * columns), type)
                let old = TestNumbers(345).whole(vocabulary * columns)
                let (gradient, wanted) = (StoredValues(old), StoredValues(old))
                for (kernels, into) in [(level.kernels as any KernelSet<Float>, gradient), (oracle, wanted)] {
                    kernels.embeddingGradient(
                        rows: rows, columns: columns, vocabulary: vocabulary, index: index.span, outputGradient: dy.operand,
                        accumulates: withPositions, into: into.destination)
                }
                #expect(gradient.values.bits == wanted.values.bits, "gradient \(rows)×\(columns), accumulates \(withPositions)")
            }
        }
    }

    /// In ascending order of rows: the oracle's bits at every level.
    @Test(arguments: Level.all, StorageType.allCases)
    func columnSumsKeepTheOrderOfRows(level: Level, type: StorageType) {
        let narrow = (0...20).flatMap { columns in [0, 1, 2, 7, 32].map { ($0, columns) } }
        for (rows, columns) in narrow + [(9, 33), (7, 63), (32, 64), (2, 65), (33, 16), (17, 70), (100, 129), (32, 130), (41, 200)] {
            let x = StoredValues(TestNumbers(346).uniform(rows * columns), type)
            let (sums, expected) = (StoredValues<Float>(results: columns), StoredValues<Float>(results: columns))
            level.kernels.columnSums(rows: rows, columns: columns, x.operand, into: sums.destination)
            ReferenceKernels<Float>().columnSums(rows: rows, columns: columns, x.operand, into: expected.destination)
            #expect(sums.values.bits == expected.values.bits, "\(rows)×\(columns)")
        }
    }

    @Test func anIndexOutsideTheVocabularyTraps() async {
        await #expect(processExitsWith: .failure) {
            let (table, y) = (StoredValues<Float>(results: 12), StoredValues<Float>(results: 3))
            FloatKernels(.detected).embedding(
                rows: 1, length: 1, columns: 3, vocabulary: 4, index: [Int32(4)].span, table: table.operand, positions: .absent,
                into: y.destination)
        }
        await #expect(processExitsWith: .failure) {
            let (dy, gradient) = (StoredValues<Float>(results: 3), StoredValues<Float>(results: 12))
            FloatKernels(.detected).embeddingGradient(
                rows: 1, columns: 3, vocabulary: 4, index: [Int32(-1)].span, outputGradient: dy.operand, accumulates: true,
                into: gradient.destination)
        }
    }
}
