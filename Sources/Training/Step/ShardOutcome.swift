import Graphs
import Kernels
import Quality

extension Execution where K == FloatKernels {
    /// What the last pass over `rows` rows says about a shard: loss sum in row order, correct predictions, finiteness of the losses.
    /// - Complexity: O(rows × outputs); no allocation.
    func statistics(ofShard shard: Int, rows: Int, kind: MetricKind) -> ShardStatistics {
        var statistics = ShardStatistics(shard: shard, samples: rows, lossSum: 0, gradientNormSquared: 0, correct: 0)
        withRowLosses { losses in
            var sum = 0.0
            for row in 0..<rows { sum += Double(losses[row]) }
            statistics.lossSum = sum
            if !sum.isFinite { statistics.findings.insert(.nonFiniteLoss) }
        }
        switch kind {
        case .classification(let classes): statistics.correct = correctClasses(rows: rows, classes: classes)
        case .binary: statistics.correct = correctSigns(rows: rows)
        case .tokens(let vocabulary, let positions):
            statistics.correct = correctTokens(rows: rows, vocabulary: vocabulary, positions: positions)
        case .regression: break
        }
        return statistics
    }

    private func correctClasses(rows: Int, classes count: Int) -> Int {
        var correct = 0
        withPredictions { predictions in
            withClasses { classes in
                for row in 0..<rows {
                    var best = 0
                    for column in 1..<max(count, 1) where predictions[row * count + column] > predictions[row * count + best] {
                        best = column
                    }
                    if best == Int(classes[row]) { correct += 1 }
                }
            }
        }
        return correct
    }

    /// Counted in tokens, not rows.
    private func correctTokens(rows: Int, vocabulary: Int, positions: Int) -> Int {
        withPredictions { predictions in
            withClasses { labels in
                Quality.correctTokens(logits: predictions, labels: labels.span, count: rows * positions, vocabulary: vocabulary)
            }
        }
    }

    private func correctSigns(rows: Int) -> Int {
        var correct = 0
        withPredictions { predictions in
            withTargets { targets in
                for row in 0..<rows where (predictions[row] > 0) == (targets[row] > 0.5) { correct += 1 }
            }
        }
        return correct
    }
}
