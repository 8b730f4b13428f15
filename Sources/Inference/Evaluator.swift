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
    /// Rows of one block. Fixed: it decides the order of additions.
    package static let blockRows = 256

    private let kind: MetricKind
    private let execution: Execution<FloatKernels>
    package let program: Program

    package init(model: ModelGraph, kind: MetricKind, kernels: FloatKernels) {
        self.kind = kind
        program = Program.compile(model, capacity: Self.blockRows, mode: .inference, kernels: kernels)
        execution = Execution(program, kernels: kernels)
    }

    /// The metrics of `dataset` under `parameters`, on every rank.
    /// - Complexity: O(samples / ranks) on each rank; two collectives.
    package func evaluate(
        _ dataset: Dataset, parameters: Arena<Float>, on group: any CollectiveGroup
    ) throws(CollectiveError) -> MetricAccumulator {
        let blocks = (dataset.count + Self.blockRows - 1) / Self.blockRows
        let (realCount, countCount) = (MetricAccumulator.realCount(kind), MetricAccumulator.countCount(kind))
        var reals = [Double](repeating: 0, count: blocks * realCount)
        var counts = [Int64](repeating: 0, count: countCount)
        let mine = (blocks * group.rank / group.size)..<(blocks * (group.rank + 1) / group.size)
        for block in mine {
            let part = measure(dataset, block: block, parameters: parameters)
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
        for block in 0..<(samples + Self.blockRows - 1) / Self.blockRows {
            ownRows[0] = min(Self.blockRows, samples - block * Self.blockRows)
            let values = Array(reals[block * realCount..<(block + 1) * realCount])
            total.merge(MetricAccumulator(kind: kind, reals: values, counts: ownRows))
        }
        var others = counts
        others[0] = 0
        total.merge(MetricAccumulator(kind: kind, reals: [Double](repeating: 0, count: realCount), counts: others))
        return total
    }

    private func measure(_ dataset: Dataset, block: Int, parameters: Arena<Float>) -> MetricAccumulator {
        let samples = (block * Self.blockRows)..<min((block + 1) * Self.blockRows, dataset.count)
        load(dataset, samples: samples)
        execution.forward(rows: samples.count, parameters: parameters)
        var part = MetricAccumulator(kind: kind)
        execution.withPredictions { predictions in
            execution.withRowLosses { losses in
                switch kind {
                case .classification:
                    execution.withClasses { classes in
                        part.addClassification(logits: predictions, classes: classes.span, rowLosses: losses, rows: samples.count)
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

    private func load(_ dataset: Dataset, samples: Range<Int>) {
        let width = program.inputElements
        execution.withInput { input in
            for (row, sample) in samples.enumerated() { dataset.copyFeatures(of: sample, into: &input, at: row * width) }
        }
        switch dataset.targets {
        case .classes:
            execution.withClasses { classes in
                for (row, sample) in samples.enumerated() { classes[row] = dataset.classIndex(of: sample) }
            }
        case .values:
            execution.withTargets { targets in
                for (row, sample) in samples.enumerated() {
                    dataset.copyTargets(of: sample, into: &targets, at: row * program.targetElements)
                }
            }
        case .none:
            preconditionFailure("Evaluator: \(dataset.name) has no targets to measure against")
        }
    }

    /// The raw outputs (logits or values) for `samples` of `dataset`, row after row; targets are not needed.
    package func predictions(for dataset: Dataset, samples: Range<Int>, parameters: Arena<Float>) -> [Float] {
        let width = program.inputElements
        var all: [Float] = []
        all.reserveCapacity(samples.count * program.outputElements)
        for first in stride(from: samples.lowerBound, to: samples.upperBound, by: Self.blockRows) {
            let part = first..<min(first + Self.blockRows, samples.upperBound)
            execution.withInput { input in
                for (row, sample) in part.enumerated() { dataset.copyFeatures(of: sample, into: &input, at: row * width) }
            }
            execution.forward(rows: part.count, parameters: parameters)
            execution.withPredictions { predictions in
                for index in 0..<part.count * program.outputElements { all.append(predictions[index]) }
            }
        }
        return all
    }
}
