import DataPipeline
import Graphs

extension StepEngine {
    /// One shard of `batch` forward and backward, with the time of each instruction added to `nanoseconds` (packing comes last).
    package func profile(_ batch: PrefetchedBatch, into nanoseconds: inout [UInt64]) {
        let rows = min(batch.count, program.capacity)
        load(batch, rows: 0..<rows)
        execution.profile(
            rows: rows, scale: 1 / Float(batch.globalCount), parameters: parameters, gradients: exchange.partials[0],
            clock: { Clock.nanoseconds }, into: &nanoseconds)
    }
}
