import DataPipeline
import Formats
import TestSupport
import Testing

struct SplitTests {
    /// Loads a table of `labels` with one feature, the row's number, unscaled.
    static func load(_ labels: [Int], validation: Double, split: DataSpec.Split, seed: UInt64 = 1, test: Double? = nil) throws -> LoadedData
    {
        try withTemporaryDirectory { folder in
            let lines = labels.enumerated().map { "\($0),\($1)" }.joined(separator: "\n")
            try writeText("x,y\n\(lines)\n", to: "\(folder)/t.csv")
            let spec = DataSpec(
                format: .csv, path: "\(folder)/t.csv", validation: validation, split: split, test: test.map { .fraction($0) },
                standardize: false)
            return try loadData(spec, task: .classification(classes: 10), inputShape: [1], seed: seed)
        }
    }

    static func rows(_ dataset: Dataset?) -> [Int] {
        guard let dataset else { return [] }
        return (0..<dataset.count).map { Int(features(dataset, $0)[0]) }
    }

    @Test(arguments: [(10, 0.2, 8), (1437, 0.2, 1149), (10, 0.3, 7), (3, 0.5, 1), (5, 0, 5)])
    func theTailRuleIsKeras(_ count: Int, _ fraction: Double, _ kept: Int) throws {
        let data = try Self.load((0..<count).map { $0 % 10 }, validation: fraction, split: .tail)
        #expect(Self.rows(data.train) == Array(0..<kept))
        #expect(Self.rows(data.validation) == Array(kept..<count))
        #expect((data.validation == nil) == (kept == count))
    }

    @Test func shuffledSplitsAreDrawnByTheSeed() throws {
        let labels = (0..<100).map { $0 % 10 }
        let first = try Self.load(labels, validation: 0.2, split: .shuffled)
        let again = try Self.load(labels, validation: 0.2, split: .shuffled)
        let other = try Self.load(labels, validation: 0.2, split: .shuffled, seed: 2)
        #expect(Self.rows(first.validation) == Self.rows(again.validation))
        #expect(Self.rows(first.validation) != Self.rows(other.validation))
        #expect((Self.rows(first.train) + Self.rows(first.validation)).sorted() == Array(0..<100))
        #expect(Self.rows(first.train) == Self.rows(first.train).sorted())
    }

    @Test func stratifiedSplitsTakeEachClassInProportion() throws {
        // 60 of class 0, 30 of class 1, 9 of class 2 and a single 3, which has to stay in training.
        let labels = (0..<100).map { $0 < 60 ? 0 : $0 < 90 ? 1 : $0 < 99 ? 2 : 3 }
        let data = try Self.load(labels, validation: 0.2, split: .stratified)
        let counts = data.validation!.report().classes.map(\.count)
        #expect(Array(counts.prefix(4)) == [12, 6, 2, 0])
        #expect(data.train.count == 80)
        let other = try Self.load(labels, validation: 0.2, split: .stratified, seed: 9)
        #expect(Self.rows(other.validation) != Self.rows(data.validation))
    }

    @Test func testAndValidationAreDisjoint() throws {
        let data = try Self.load((0..<50).map { $0 % 5 }, validation: 0.25, split: .stratified, test: 0.2)
        #expect(data.test!.count == 10 && data.validation!.count == 10 && data.train.count == 30)
        #expect((Self.rows(data.train) + Self.rows(data.validation) + Self.rows(data.test)).sorted() == Array(0..<50))
        #expect(data.test!.report().classes.prefix(5).map(\.count) == [2, 2, 2, 2, 2])
    }
}
