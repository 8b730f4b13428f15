import Collectives
import DataPipeline
import Graphs
import Kernels
import Networks
import Quality
import Recipes
import TensorCore

extension MetricKind {
    /// Which metrics a task has.
    package init(_ task: TaskKind) {
        switch task {
        case .classification(let classes): self = .classification(classes: classes)
        case .binary: self = .binary
        case .regression(let width): self = .regression(width: width)
        case .tokens(let vocabulary, let length): self = .tokens(vocabulary: vocabulary, positions: length)
        }
    }
}

extension Recipe {
    /// Which metrics the task of this recipe has.
    package var metricKind: MetricKind { MetricKind(task) }
}

/// Measures a model on a data set, shared out over the ranks.
///
/// Samples are cut into fixed blocks in file order; each block is computed by one rank and the blocks are added in their order, so the
/// figures are the same bits at any number of ranks, and during training as afterwards.
package final class Evaluator {
    private let kind: MetricKind
    private let execution: Execution<FloatKernels>
    package let program: Program
    /// Rows of one block. Fixed for a model: it decides the order of additions.
    package var blockRows: Int { program.capacity }

    package init(model: ModelGraph, kind: MetricKind, kernels: FloatKernels, precision: Precision) {
        self.kind = kind
        program = model.evaluationProgram(kernels: kernels, precision: precision)
        execution = Execution(program, kernels: kernels)
    }

    /// The metrics of `dataset` under `parameters`, on every rank.
    /// - Complexity: O(samples / ranks) on each rank; two collectives.
    package func evaluate(
        _ dataset: Dataset, parameters: Arena<Float>, on group: any CollectiveGroup
    ) throws(CollectiveError) -> MetricAccumulator {
        let blocks = (dataset.count + blockRows - 1) / blockRows
        let (realCount, countCount) = (MetricAccumulator.realCount(kind), MetricAccumulator.countCount(kind))
        var reals = [Double](repeating: 0, count: blocks * realCount)
        var counts = [Int64](repeating: 0, count: countCount)
        let mine = (blocks * group.rank / group.size)..<(blocks * (group.rank + 1) / group.size)
        for block in mine {
            // The weights are the same for all blocks: packed once.
            let part = measure(dataset, block: block, parameters: parameters, repack: block == mine.lowerBound)
            for (index, value) in part.reals.enumerated() { reals[block * realCount + index] = value }
            for (index, value) in part.counts.enumerated() { counts[index] += Int64(value) }
        }
        // One rank fills each place and the others leave it 0, so these sums carry values unchanged, whatever the order.
        if group.size > 1 {
            var realSpan = reals.mutableSpan
            try group.allReduceSum(&realSpan)
            var countSpan = counts.mutableSpan
            try group.allReduceSum(&countSpan)
        }
        return combine(reals: reals, counts: counts.map { Int($0) }, samples: dataset.count)
    }

    /// Merges the blocks in their order. A block brings its number of rows, which weighs its means; the other counts are whole numbers,
    /// the same in any order, and come in at the end.
    private func combine(reals: [Double], counts: [Int], samples: Int) -> MetricAccumulator {
        let realCount = MetricAccumulator.realCount(kind)
        var total = MetricAccumulator(kind: kind)
        var ownRows = [Int](repeating: 0, count: counts.count)
        for block in 0..<(samples + blockRows - 1) / blockRows {
            ownRows[0] = min(blockRows, samples - block * blockRows)
            let values = Array(reals[block * realCount..<(block + 1) * realCount])
            total.merge(MetricAccumulator(kind: kind, reals: values, counts: ownRows))
        }
        var others = counts
        others[0] = 0
        total.merge(MetricAccumulator(kind: kind, reals: [Double](repeating: 0, count: realCount), counts: others))
        return total
    }

    private func measure(_ dataset: Dataset, block: Int, parameters: Arena<Float>, repack: Bool) -> MetricAccumulator {
        let samples = (block * blockRows)..<min((block + 1) * blockRows, dataset.count)
        execution.loadInputs(of: dataset, samples)
        execution.loadTargets(of: dataset, samples)
        execution.forward(rows: samples.count, parameters: parameters, repack: repack)
        var part = MetricAccumulator(kind: kind)
        execution.withPredictions { predictions in
            execution.withRowLosses { losses in
                switch kind {
                case .classification:
                    execution.withClasses { classes in
                        part.addClassification(logits: predictions, classes: classes.span, rowLosses: losses, rows: samples.count)
                    }
                case .tokens:
                    execution.withClasses { labels in
                        part.addTokens(logits: predictions, labels: labels.span, rowLosses: losses, rows: samples.count)
                    }
                case .binary:
                    execution.withTargets { targets in
                        part.addBinary(
                            logits: predictions, targets: targets.span, rowLosses: losses, rows: samples.count,
                            columns: program.outputElements)
                    }
                case .regression:
                    execution.withTargets { targets in
                        part.addRegression(predictions: predictions, targets: targets.span, rowLosses: losses, rows: samples.count)
                    }
                }
            }
        }
        return part
    }

    /// The raw outputs (logits or values) for `samples` of `dataset`, row after row; targets are not needed.
    package func predictions(for dataset: Dataset, samples: Range<Int>, parameters: Arena<Float>) -> [Float] {
        var all: [Float] = []
        all.reserveCapacity(samples.count * program.outputElements)
        for first in stride(from: samples.lowerBound, to: samples.upperBound, by: blockRows) {
            let part = first..<min(first + blockRows, samples.upperBound)
            execution.loadInputs(of: dataset, part)
            execution.forward(rows: part.count, parameters: parameters, repack: first == samples.lowerBound)
            execution.withPredictions { predictions in
                for index in 0..<part.count * program.outputElements { all.append(predictions[index]) }
            }
        }
        return all
    }
}
