import Collectives
import DataParallel
import DataPipeline
import Graphs
import Kernels
import Optimizers
import Quality
import TensorCore

/// The arithmetic of one step on one rank: shard gradients, their sum over all ranks, its norm, the telemetry exchange, the update.
///
/// The trainer and `bench step` drive the same engine. After the first step nothing here allocates.
package final class StepEngine {
    package let model: ModelGraph
    package let program: Program
    package let layout: ParameterLayout
    package let parameters: Arena<Float>
    package let optimizer: Optimizer
    package let map: ShardMap
    package let exchange: any GradientExchange
    let execution: Execution<FloatKernels>
    private let kernels: FloatKernels
    private let telemetryExchange: TelemetryExchange
    private let norm: GlobalNorm
    private let kind: MetricKind
    private let group: any CollectiveGroup
    private var statistics: [ShardStatistics] = []
    /// Whether the execution's packed weights are those of ``parameters``.
    private(set) var packedAreCurrent = false
    /// What the last `reduceGradients` returned.
    package private(set) var reduced: Arena<Float>

    package struct Setup {
        package var model: ModelGraph
        package var kind: MetricKind
        package var optimizer: OptimizerSpec
        /// Rows of the global batch.
        package var batch: Int
        package var virtualShards: Int
        package var usesTree: Bool
        package var bucketBytes: Int?
        package var precision: Precision
        /// Whether backward computes marked segments again instead of keeping their inside.
        package var recompute: Bool

        package init(
            model: ModelGraph, kind: MetricKind, optimizer: OptimizerSpec, batch: Int, virtualShards: Int, usesTree: Bool = true,
            bucketBytes: Int? = nil, precision: Precision = .fp32, recompute: Bool = false
        ) {
            self.model = model
            self.kind = kind
            self.optimizer = optimizer
            self.batch = batch
            self.virtualShards = virtualShards
            self.usesTree = usesTree
            self.bucketBytes = bucketBytes
            self.precision = precision
            self.recompute = recompute
        }
    }

    package init(_ setup: Setup, kernels: FloatKernels, group: any CollectiveGroup) {
        model = setup.model
        kind = setup.kind
        self.kernels = kernels
        self.group = group
        map = ShardMap(shards: setup.virtualShards, ranks: group.size)
        program = Program.compile(
            setup.model, capacity: map.shardCapacity(batchRows: setup.batch), mode: .training, kernels: kernels,
            precision: setup.precision, recompute: setup.recompute)
        layout = program.layout
        execution = Execution(program, kernels: kernels)
        parameters = Arena(count: layout.elementCount)
        optimizer = Optimizer(setup.optimizer, layout: layout, kernels: kernels)
        let add: TreeExchange.AddKernel = { [kernels] source, target in kernels.addInPlace(source, to: &target) }
        exchange =
            setup.usesTree
            ? TreeExchange(elements: layout.elementCount, map: map, bucketBytes: setup.bucketBytes, group: group, add: add)
            : AllReduceExchange(elements: layout.elementCount, map: map, bucketBytes: setup.bucketBytes, group: group, add: add)
        telemetryExchange = TelemetryExchange(map: map, group: group)
        norm = GlobalNorm(kernels: kernels)
        reduced = exchange.partials.first ?? Arena(count: 0)
        statistics.reserveCapacity(map.shardsPerRank)
    }

    /// Computes this rank's shards of `batch` and adds them along the rank's part of the tree.
    ///
    /// - Parameter spoil: an injected fault: the first gradient element of this rank becomes NaN.
    /// - Complexity: the FLOPs of the program on the rank's rows; no allocation.
    package func computeGradients(of batch: PrefetchedBatch, spoil: Bool = false) {
        statistics.removeAll(keepingCapacity: true)
        let scale = 1 / Float(batch.globalCount)
        let base = batch.rows.lowerBound
        for action in exchange.schedule.actions {
            switch action {
            case .compute(let shard, let slot):
                let rows = map.rows(of: shard, batchRows: batch.globalCount)
                load(batch, rows: (rows.lowerBound - base)..<(rows.upperBound - base))
                execution.forwardBackward(
                    rows: rows.count, scale: scale, parameters: parameters, gradients: exchange.partials[slot],
                    repack: !packedAreCurrent)
                if !rows.isEmpty { packedAreCurrent = true }
                statistics.append(execution.statistics(ofShard: shard, rows: rows.count, kind: kind))
            case .add(let source, let target):
                let (source, target) = (exchange.partials[source], exchange.partials[target])
                source.withSpan { from in target.withMutableSpan { to in kernels.addInPlace(from, to: &to) } }
            }
        }
        if spoil, let slot = exchange.schedule.results.first { exchange.partials[slot][0] = .nan }
    }

    func load(_ batch: PrefetchedBatch, rows: Range<Int>) {
        if rows.isEmpty { return }
        if program.inputIsTokens {
            execution.withTokens { batch.copyTokens(rows: rows, into: &$0) }
        } else {
            execution.withInput { batch.copyFeatures(rows: rows, into: &$0) }
        }
        execution.withRowKeys { batch.copyRowKeys(rows: rows, into: &$0) }
        switch kind {
        case .classification, .tokens: execution.withClasses { batch.copyClasses(rows: rows, into: &$0) }
        case .binary, .regression: execution.withTargets { batch.copyTargets(rows: rows, into: &$0) }
        }
    }

    /// Combines the gradients of all ranks and returns the norm of the result (NaN or infinite if any element is).
    /// - Complexity: O(parameters); no allocation.
    package func reduceGradients() throws(CollectiveError) -> Double {
        reduced = try exchange.exchange()
        let total = squaredNorm(reduced).squareRoot()
        if !total.isFinite { attributeNonFinite() }
        return total
    }

    /// Finds out whether this rank contributed a value that is not finite. Only done when the sum says that somebody did.
    private func attributeNonFinite() {
        for (slot, node) in zip(exchange.schedule.results, ShardTree(shards: map.shards).maximalSubtrees(in: map.shards(of: group.rank)))
        where !squaredNorm(exchange.partials[slot]).isFinite {
            for index in statistics.indices where node.contains(statistics[index].shard) {
                statistics[index].findings.insert(.nonFiniteGradient)
            }
        }
    }

    /// Over what gradients move; what the step measured for buffers is none of the norm's business.
    func squaredNorm(_ gradients: Arena<Float>) -> Double {
        Subnormals.flushed { gradients.withSpan(0..<layout.trainedElements) { norm.squared($0) } }
    }

    /// Sends what this rank measured, receives what all did.
    package func exchangeTelemetry(
        _ own: RankTelemetry, decision: DecisionCode, into telemetry: inout StepTelemetry
    ) throws(CollectiveError) -> DecisionCode {
        try telemetryExchange.exchange(own, shards: statistics, decision: decision, into: &telemetry)
    }

    /// Applies the reduced gradient, and packs the weights for the next step block by block, while they are in the cache.
    package func update(learningRate: Double, gradientScale: Double) {
        execution.beginPacking()
        optimizer.apply(
            parameters: parameters, gradients: reduced, learningRate: learningRate, gradientScale: gradientScale,
            updated: { [execution, parameters] end in execution.pack(parameters, through: end) })
        packedAreCurrent = true
    }

    /// To be called after ``parameters`` were written by anybody but ``update(learningRate:gradientScale:)``: a checkpoint put back, say.
    package func parametersReplaced() { packedAreCurrent = false }

    /// Everything planned for this rank, in bytes.
    package var plannedBytes: Int {
        let own = (1 + optimizer.state.count) * layout.elementCount * MemoryLayout<Float>.stride
        return program.plan.arenaBytes + program.packedBytes + own + exchange.arenaBytes
    }
}
