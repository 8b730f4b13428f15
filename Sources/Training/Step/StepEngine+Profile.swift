import DataPipeline
import Graphs

extension StepEngine {
    /// One shard of `batch` forward and backward, with the time of each instruction added to `nanoseconds`.
    package func profile(_ batch: PrefetchedBatch, into nanoseconds: inout [UInt64]) {
        let rows = min(batch.count, program.capacity)
        load(batch, rows: 0..<rows)
        if !packedAreCurrent { execution.pack(parameters) }
        execution.profile(
            rows: rows, scale: 1 / Float(batch.globalCount), parameters: parameters, gradients: exchange.partials[0],
            clock: { Clock.nanoseconds }, into: &nanoseconds)
    }

    /// One pass over what the last exchange left, as it lies: ``reduceGradients()`` without the exchange.
    package func gradientNorm() -> Double { squaredNorm(reduced).squareRoot() }
}
