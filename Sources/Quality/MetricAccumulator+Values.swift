extension MetricAccumulator {
    /// The metrics of everything added: loss, accuracy, precision, recall, f1, loss, mse, mae, rmse, r2 or loss,
    /// accuracy, perplexity. Empty if nothing was added.
    ///
    /// Precision, recall and F1 of several classes are means over the classes that occur as truth or prediction (macro); of a binary model
    /// those of class 1. A ratio without cases (nothing predicted positive, no positive present) is 0. R² of several outputs weighs
    /// them by their variances; targets that do not vary give 1 if predicted exactly and 0 otherwise.
    package func values() -> MetricValues {
        guard rows > 0 else { return [] }
        let loss = MetricValue("loss", reals[0] / Double(rows))
        switch kind {
        case .classification: return MetricValues([loss] + classification(classes: 0..<classes))
        case .binary: return MetricValues([loss] + classification(classes: 1..<2))
        case .regression(let width): return MetricValues([loss] + regression(width: width))
        case .tokens(_, let positions):
            return MetricValues([
                loss, MetricValue("accuracy", Double(counts[1]) / Double(rows * positions)), .perplexity(ofLoss: loss.value),
            ])
        }
    }

    /// Names of the metrics that `values` will have.
    package static func names(_ kind: MetricKind) -> [String] {
        switch kind {
        case .classification, .binary: ["loss", "accuracy", "precision", "recall", "f1"]
        case .regression: ["loss", "mse", "mae", "rmse", "r2"]
        case .tokens: ["loss", "accuracy", "perplexity"]
        }
    }

    private func classification(classes wanted: Range<Int>) -> [MetricValue] {
        var (right, total) = (0, 0)
        for actual in 0..<classes {
            for predicted in 0...classes { total += confusion(actual: actual, predicted: predicted) }
            right += confusion(actual: actual, predicted: actual)
        }
        var (precision, recall, f1, occurring) = (0.0, 0.0, 0.0, 0)
        for one in wanted {
            let hits = confusion(actual: one, predicted: one)
            var (predicted, present) = (0, 0)
            for other in 0..<classes { predicted += confusion(actual: other, predicted: one) }
            for other in 0...classes { present += confusion(actual: one, predicted: other) }
            guard predicted + present > 0 else { continue }
            occurring += 1
            precision += ratio(hits, predicted)
            recall += ratio(hits, present)
            f1 += ratio(2 * hits, predicted + present)
        }
        let count = Double(max(occurring, 1))
        return [
            MetricValue("accuracy", ratio(right, total)), MetricValue("precision", precision / count),
            MetricValue("recall", recall / count),
            MetricValue("f1", f1 / count),
        ]
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }

    private func regression(width: Int) -> [MetricValue] {
        let count = Double(rows * width)
        let mse = reals[1] / count
        var deviation = 0.0
        for column in 0..<width { deviation += reals[4 + 2 * column] }
        let r2 = deviation > 0 ? 1 - reals[1] / deviation : reals[1] == 0 ? 1 : 0
        return [
            MetricValue("mse", mse), MetricValue("mae", reals[2] / count), MetricValue("rmse", mse.squareRoot()), MetricValue("r2", r2),
        ]
    }
}

extension MetricValue {
    /// e to the power of the mean loss per token (in nats): among how many tokens the model as good as guesses.
    package static func perplexity(ofLoss loss: Double) -> MetricValue { MetricValue("perplexity", exponential(loss)) }
}
