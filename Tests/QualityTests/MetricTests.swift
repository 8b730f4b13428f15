import Quality
import Testing

extension MetricAccumulator {
    fileprivate mutating func classify(_ logits: [Float], _ classes: [Int32], _ losses: [Float]) {
        addClassification(logits: logits.span, classes: classes.span, rowLosses: losses.span, rows: classes.count)
    }
    fileprivate mutating func decide(_ logits: [Float], _ targets: [Float], _ losses: [Float]) {
        addBinary(logits: logits.span, targets: targets.span, rowLosses: losses.span, rows: losses.count)
    }
    fileprivate mutating func regress(_ predictions: [Float], _ targets: [Float], _ losses: [Float]) {
        addRegression(predictions: predictions.span, targets: targets.span, rowLosses: losses.span, rows: losses.count)
    }
}

@Suite("Metrics from merged sums")
struct MetricTests {
    private func classified(_ pairs: [(actual: Int, predicted: Int)], classes: Int, loss: Float = 0.5) -> MetricAccumulator {
        var subject = MetricAccumulator(kind: .classification(classes: classes))
        var logits = [Float](repeating: 0, count: pairs.count * classes)
        for (row, pair) in pairs.enumerated() { logits[row * classes + pair.predicted] = 1 }
        subject.classify(logits, pairs.map { Int32($0.actual) }, [Float](repeating: loss, count: pairs.count))
        return subject
    }

    private func close(_ values: MetricValues, _ name: String, _ wanted: Double) -> Bool {
        guard let value = values[name] else { return false }
        return abs(value - wanted) < 1e-12
    }

    @Test func macroFiguresOfThreeClasses() {
        // Truth 0: 2 right, 1 taken for 1. Truth 1: 1 right, 1 taken for 2. Truth 2: 1 right.
        let subject = classified([(0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2)], classes: 3)
        let values = subject.values()
        #expect(values.map(\.name) == MetricAccumulator.names(.classification(classes: 3)))
        #expect(close(values, "loss", 0.5))
        #expect(close(values, "accuracy", 4.0 / 6))
        #expect(close(values, "precision", (1 + 0.5 + 0.5) / 3))
        #expect(close(values, "recall", (2.0 / 3 + 0.5 + 1) / 3))
        #expect(close(values, "f1", (0.8 + 0.5 + 2.0 / 3) / 3))
        #expect(subject.confusion(actual: 1, predicted: 2) == 1)
    }

    @Test func classesThatDoNotOccurAreLeftOutOfTheMean() {
        let values = classified([(0, 0), (1, 1), (1, 1)], classes: 10).values()
        #expect(close(values, "f1", 1))
        #expect(close(values, "precision", 1))
    }

    @Test func binaryFiguresAreThoseOfClassOne() {
        var subject = MetricAccumulator(kind: .binary)
        let logits: [Float] = [2, 1, -1, -2, 0, 3]
        let targets: [Float] = [1, 0, 1, 0, 1, 1]
        subject.decide(logits, targets, [Float](repeating: 1, count: 6))
        let values = subject.values()
        #expect(close(values, "accuracy", 0.5))
        #expect(close(values, "precision", 2.0 / 3))
        #expect(close(values, "recall", 0.5))
        #expect(close(values, "f1", 4.0 / 7))
    }

    @Test func nothingPredictedPositiveIsZeroNotNaN() {
        var subject = MetricAccumulator(kind: .binary)
        subject.decide([-1, -1], [0, 0], [0, 0])
        #expect(close(subject.values(), "precision", 0))
        #expect(close(subject.values(), "f1", 0))
        #expect(close(subject.values(), "accuracy", 1))
    }

    @Test func outputsThatAreNoNumbersAreWrong() {
        var subject = MetricAccumulator(kind: .classification(classes: 2))
        subject.classify([.nan, 0, 5, .nan, 1, 0], [0, 0, 0], [.nan, 1, 1])
        #expect(subject.confusion(actual: 0, predicted: 2) == 2)
        #expect(close(subject.values(), "accuracy", 1.0 / 3))
        #expect(close(subject.values(), "recall", 1.0 / 3))
        #expect(subject.values()["loss"]?.isNaN == true)
    }

    @Test func theFirstOfEqualLogitsIsThePrediction() {
        var subject = MetricAccumulator(kind: .classification(classes: 3))
        subject.classify([1, 1, 1], [0], [0])
        #expect(subject.confusion(actual: 0, predicted: 0) == 1)
    }

    @Test func regressionFigures() {
        var subject = MetricAccumulator(kind: .regression(width: 1))
        subject.regress([1, 2, 4], [1, 3, 5], [0, 1, 1])
        let values = subject.values()
        #expect(close(values, "loss", 2.0 / 3))
        #expect(close(values, "mse", 2.0 / 3))
        #expect(close(values, "mae", 2.0 / 3))
        #expect(close(values, "rmse", (2.0 / 3).squareRoot()))
        #expect(close(values, "r2", 1 - 2.0 / 8))
        #expect(values.map(\.name) == MetricAccumulator.names(.regression(width: 1)))
    }

    @Test func blocksMergeToTheWhole() {
        var noise = Noise(12)
        let rows = 100
        let predictions = (0..<rows * 2).map { _ in Float(1000 + noise.normal()) }
        let targets = (0..<rows * 2).map { _ in Float(1000 + noise.normal()) }
        let losses = (0..<rows).map { _ in Float(noise.uniform()) }
        func block(_ range: Range<Int>) -> MetricAccumulator {
            var block = MetricAccumulator(kind: .regression(width: 2))
            let both = range.lowerBound * 2..<range.upperBound * 2
            block.regress(Array(predictions[both]), Array(targets[both]), Array(losses[range]))
            return block
        }
        let whole = block(0..<rows)
        var merged = MetricAccumulator(kind: .regression(width: 2))
        for start in stride(from: 0, to: rows, by: 30) {
            // As it arrives from another rank: two plain arrays.
            let one = block(start..<min(start + 30, rows))
            merged.merge(MetricAccumulator(kind: one.kind, reals: one.reals, counts: one.counts))
        }
        merged.merge(MetricAccumulator(kind: .regression(width: 2)))
        for (a, b) in zip(whole.values(), merged.values()) {
            #expect(a.name == b.name)
            #expect(abs(a.value - b.value) < 1e-9 * max(1, abs(a.value)), "\(a.name)")
        }
        #expect(merged.rows == 100)
    }

    @Test func confusionsAdd() {
        var subject = classified([(0, 0), (1, 0)], classes: 2)
        subject.merge(classified([(1, 1), (1, 1)], classes: 2))
        #expect(close(subject.values(), "accuracy", 0.75))
        subject.reset()
        #expect(subject.values().isEmpty)
        #expect(subject == MetricAccumulator(kind: .classification(classes: 2)))
    }

    @Test func lengthsAreFixedByTheKind() {
        for kind in [MetricKind.classification(classes: 10), .binary, .regression(width: 3)] {
            let subject = MetricAccumulator(kind: kind)
            #expect(subject.reals.count == MetricAccumulator.realCount(kind))
            #expect(subject.counts.count == MetricAccumulator.countCount(kind))
            #expect(subject.values().isEmpty)
        }
    }

    @Test func namesHaveDirections() throws {
        #expect(try MetricName("validation.loss").direction == .minimise)
        #expect(try MetricName("train.f1").direction == .maximise)
        #expect(try MetricName("grad_norm").direction == .minimise)
        #expect(try MetricName("learning_rate").direction == nil)
        #expect(try MetricName("validation.r2").description == "validation.r2")
    }
}

@Suite("Metrics of tokens")
struct TokenMetricTests {
    @Test func lossIsPerTokenAndPerplexityItsPower() throws {
        var subject = MetricAccumulator(kind: .tokens(vocabulary: 3, positions: 2))
        // Rows of two positions: right and wrong; right and, by the lower number of two equals, wrong.
        let logits: [Float] = [0, 2, 1, 5, 0, 0, 1, 0, 0, 3, 0, 3]
        let labels: [Int32] = [1, 1, 0, 2]
        let losses: [Float] = [1, 3]
        subject.addTokens(logits: logits.span, labels: labels.span, rowLosses: losses.span, rows: 2)
        let values = subject.values()
        #expect(values.map(\.name) == MetricAccumulator.names(subject.kind))
        #expect(values["loss"] == 2 && values["accuracy"] == 0.5)
        #expect(abs((values["perplexity"] ?? 0) - 7.38905609893065) < 1e-12)
        #expect(MetricAccumulator(kind: subject.kind).values().isEmpty)
        #expect(try MetricName("validation.perplexity").direction == .minimise)
    }

    @Test func blocksMergeToTheWhole() {
        let kind = MetricKind.tokens(vocabulary: 5, positions: 3)
        let rows = 20
        let logits = (0..<rows * 15).map { Float(($0 * 37) % 11) }
        let labels = (0..<rows * 3).map { Int32(($0 * 7) % 5) }
        let losses = (0..<rows).map { Float($0) / 7 }
        var whole = MetricAccumulator(kind: kind)
        var merged = whole
        whole.addTokens(logits: logits.span, labels: labels.span, rowLosses: losses.span, rows: rows)
        for first in stride(from: 0, to: rows, by: 8) {
            let part = first..<min(first + 8, rows)
            var block = MetricAccumulator(kind: kind)
            block.addTokens(
                logits: Array(logits[part.lowerBound * 15..<part.upperBound * 15]).span,
                labels: Array(labels[part.lowerBound * 3..<part.upperBound * 3]).span, rowLosses: Array(losses[part]).span, rows: part.count
            )
            merged.merge(MetricAccumulator(kind: kind, reals: block.reals, counts: block.counts))
        }
        #expect(merged.counts == whole.counts && abs(merged.reals[0] - whole.reals[0]) < 1e-9)
    }

    /// Against the plain rule: the first of the largest; a place with a NaN predicts nothing.
    @Test func correctTokensAreThoseWithTheLargestLogit() {
        for vocabulary in [1, 2, 31, 32, 33, 64, 65, 100, 257] {
            var logits: [Float] = []
            var labels: [Int32] = []
            var expected = 0
            for place in 0..<60 {
                var row = (0..<vocabulary).map { Float(($0 &* 7919 &+ place &* 104_729) % 17) }
                if place % 7 == 3 { row[place % vocabulary] = .nan }
                if place % 7 == 5 { row[place % vocabulary] = -.infinity }
                if place % 11 == 5 { row[place % vocabulary] = .infinity }
                let best = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
                let label = place % 2 == 0 ? best : place % vocabulary
                if !row.contains(where: \.isNaN), label == best { expected += 1 }
                logits += row
                labels.append(Int32(label))
            }
            #expect(
                correctTokens(logits: logits.span, labels: labels.span, count: 60, vocabulary: vocabulary) == expected,
                "vocabulary \(vocabulary)")
        }
    }
}
