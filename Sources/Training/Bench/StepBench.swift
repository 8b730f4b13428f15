import Collectives
import DataParallel
import DataPipeline
import Formats
import Graphs
import Kernels
import Networks
import Optimizers
import Quality
import Recipes

/// `lockstep bench step`: the whole step of `train` (forward, backward, exchange, telemetry, vote, coordinator, update) on a fixed batch.
package struct StepBench {
    /// One measurement, with the fields that `peers/torch_train.py` prints, and the share of time in exchanges.
    package struct Row: Sendable {
        package var workload: String
        /// As recipes spell it.
        package var precision: String
        package var ranks: Int
        package var parameters: Int
        /// Samples of one global batch; a sequence is one.
        package var samples: Int
        /// What `perSecond` counts: samples, or the tokens of sequences.
        package var unit: String
        /// Of one sample.
        package var units: Int
        /// Medians over the timed steps, in milliseconds.
        package var stepMilliseconds: Double
        package var exchangeMilliseconds: Double
        package var exchangeBytes: Int
        package var instructionSet: InstructionSet
        /// What the arenas were planned to take on this rank, and how far the process's peak went above what it held before them.
        package var plannedBytes: Int
        package var grownBytes: Int
        /// Where the time goes, if that was asked for.
        package var profile: StepProfile?

        package var perSecond: Double { Double(samples * units) / stepMilliseconds * 1e3 }
        package var exchangeShare: Double { exchangeMilliseconds / stepMilliseconds }

        package var json: JSONValue {
            .object([
                "peer": .string("lockstep \(lockstepVersion)"), "workload": .string(workload), "dtype": .string(precision),
                "ranks": .integer(ranks), "threads": 1, "params": .integer(parameters), "unit": .string(unit),
                "per_second": .number(rounded(perSecond, 1)),
                "step_ms": .number(rounded(stepMilliseconds, 4)), "batch": .integer(samples),
                "exchange_ms": .number(rounded(exchangeMilliseconds, 4)), "exchange_bytes": .integer(exchangeBytes),
                "isa": .string(instructionSet.name), "planned_bytes": .integer(plannedBytes), "grown_bytes": .integer(grownBytes),
            ])
        }

        private func rounded(_ value: Double, _ digits: Int) -> Double {
            let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
            return (value * factor).rounded() / factor
        }
    }

    let name: String
    let workload: Workload
    let precision: Precision

    /// A workload of `peers/torch_train.py` by name, else a recipe; either with changes to its keys.
    ///
    /// A name that both have means the workload: with `batch=16`, nothing but its batch is another.
    ///
    /// - Parameter precision: nil for the recipe's own.
    package init(_ name: String, overrides: [String] = [], precision: String? = nil) throws {
        self.name = ([name] + overrides).joined(separator: " ")
        let known = Self.workload(named: name)
        workload = if let known, overrides.isEmpty { known } else { try Self.recipe(name, known, overrides) }
        guard let precision else {
            self.precision = workload.precision
            return
        }
        guard let chosen = Precision(rawValue: precision) else {
            throw UsageError(
                "--precision is \(precision), which is no precision.",
                remedy: "There are \(Precision.allCases.map(\.rawValue).joined(separator: " and ")).")
        }
        self.precision = chosen
    }

    /// - Parameter known: the workload whose keys are changed, if it is one.
    private static func recipe(_ name: String, _ known: Workload?, _ overrides: [String]) throws -> Workload {
        do {
            let recipe =
                if let known {
                    try Recipe.measuring(
                        name, network: known.network, optimizer: known.optimizer, batch: known.batch, overrides: overrides)
                } else {
                    try Recipe.load(name, overrides: overrides)
                }
            return Workload(
                network: recipe.network, task: recipe.task, optimizer: recipe.optimizer, batch: recipe.batch, precision: recipe.precision)
        } catch {
            throw UsageError("\(error)", remedy: "bench step takes a recipe or one of the workloads \(Zoo.names.joined(separator: ", ")).")
        }
    }

    /// Times `steps` steps after `warmup` untimed ones. Collective.
    ///
    /// - Parameters:
    ///   - split: the workload's batch is the global batch and shared out (strong scaling); else every rank takes all of it.
    ///   - profiles: whether the step is then run again with a look at the clock after every instruction.
    package func run(steps: Int, warmup: Int, split: Bool, profiles: Bool = false, on group: any CollectiveGroup) throws -> Row {
        let common = try group.commonInstructionSet()
        let (network, task, optimizer) = (workload.network, workload.task, workload.optimizer)
        let samples = split ? workload.batch : workload.batch * group.size
        let (model, data) = try group.agreeing {
            let spec = DataSpec(format: .synthetic, validation: 0, shuffle: false, samples: samples, testSamples: 0)
            return (try Network.build(network), try loadData(spec, task: task, inputShape: network.input, seed: 1).train)
        }
        let kind = MetricKind(task)
        let before = Clock.memory.resident
        let engine = StepEngine(
            StepEngine.Setup(
                model: model, kind: kind, optimizer: optimizer, batch: samples, virtualShards: group.size, precision: precision,
                recompute: network.recompute == .blocks),
            kernels: FloatKernels(common), group: group)
        Network.initialise(engine.layout, seed: 1, into: engine.parameters)
        let map = engine.map
        let rank = group.rank
        let prefetcher = Prefetcher(
            dataset: data, sampler: Sampler(count: samples, batch: samples, shuffle: false, seed: 1), seed: 1,
            capacity: map.shardCapacity(batchRows: samples), depth: 2, plan: PrefetchPlan(firstBatch: 0, endBatch: 1, skip: []),
            rowsForBatch: { _, count in map.rows(ofRank: rank, batchRows: count) })
        defer { prefetcher.stop() }
        guard let fixed = prefetcher.next() else { preconditionFailure("StepBench: the loader brought no batch") }
        let times = try time(engine, batch: fixed, steps: steps, warmup: warmup, rate: optimizer.learningRate, group: group)
        var row = Row(
            workload: name, precision: precision.rawValue, ranks: group.size, parameters: engine.layout.trainableCount, samples: samples,
            unit: network.inputIsTokens ? "tokens" : "samples", units: network.inputIsTokens ? network.input[0] : 1,
            stepMilliseconds: median(times.map(\.step)), exchangeMilliseconds: median(times.map(\.exchange)),
            exchangeBytes: engine.exchange.bytesPerStep, instructionSet: common,
            plannedBytes: engine.plannedBytes, grownBytes: Int(Clock.memory.peak) - Int(before))
        if profiles { row.profile = profile(engine, fixed, rounds: min(steps, 20), step: row.stepMilliseconds, FloatKernels(common)) }
        return row
    }

    private func profile(
        _ engine: StepEngine, _ batch: PrefetchedBatch, rounds: Int, step: Double, _ kernels: FloatKernels
    ) -> StepProfile {
        var nanoseconds = [UInt64](repeating: 0, count: engine.program.instructionCount)
        for _ in 0..<rounds { engine.profile(batch, into: &nanoseconds) }
        let instructions = nanoseconds.reduce(0.0) { $0 + Double($1) } / 1e6 / Double(rounds)
        func mean(_ body: () -> Void) -> Double {
            let began = Clock.nanoseconds
            for _ in 0..<rounds { body() }
            return Clock.milliseconds(began, Clock.nanoseconds) / Double(rounds)
        }
        let update = mean { engine.update(learningRate: 0, gradientScale: 1) }
        let norm = mean { _ = engine.gradientNorm() }
        let arena = Double(4 * engine.layout.elementCount)
        return StepProfile(
            engine.program, nanoseconds: nanoseconds, rounds: rounds,
            others: [
                // Parameters and states are read and written, gradients read, packed weights written.
                ("update", update, arena * Double(3 + 2 * engine.optimizer.state.count) + Double(engine.program.packedBytes)),
                ("gradient norm", norm, arena),
                ("everything else", max(0, step - instructions - update - norm), 0),
            ], stepMilliseconds: step, kernels: kernels)
    }

    private func time(
        _ engine: StepEngine, batch: PrefetchedBatch, steps: Int, warmup: Int, rate: Double, group: any CollectiveGroup
    ) throws -> [(step: Double, exchange: Double)] {
        var controller = try QualityController(
            settings: QualitySettings(),
            shape: RunShape(
                totalSteps: steps + warmup, stepsPerEpoch: steps + warmup, checkpointInterval: 0, virtualShards: engine.map.shards,
                ranks: group.size))
        controller.checkpointWritten(step: 0)
        var telemetry = StepTelemetry(
            step: 0, batch: 0, epoch: 1, generation: 0, learningRate: rate, gradientNorm: 0, shards: [], ranks: [])
        var times: [(step: Double, exchange: Double)] = []
        times.reserveCapacity(steps)
        for step in 1...(steps + warmup) {
            let began = Clock.nanoseconds
            engine.computeGradients(of: batch)
            let computed = Clock.nanoseconds
            telemetry.gradientNorm = try engine.reduceGradients()
            let reduced = Clock.nanoseconds
            telemetry.step = step
            telemetry.batch = step - 1
            let shards = engine.map.shards(of: group.rank)
            _ = try engine.exchangeTelemetry(
                RankTelemetry(
                    rank: group.rank, step: step, batch: step - 1, generation: 0, firstShard: shards.lowerBound, shardCount: shards.count,
                    dataMilliseconds: 0, computeMilliseconds: Clock.milliseconds(began, computed),
                    waitMilliseconds: Clock.milliseconds(computed, reduced), stepMilliseconds: 0, learningRate: rate, residentBytes: 0,
                    requests: []),
                decision: .none, into: &telemetry)
            let told = Clock.nanoseconds
            let outcome = Vote.evaluate(telemetry)
            if case .apply = outcome { engine.update(learningRate: rate, gradientScale: 1) }
            if group.rank == 0 { _ = controller.observe(step: telemetry, outcome: outcome) }
            let ended = Clock.nanoseconds
            if step > warmup {
                // The gradient's exchange and the telemetry's, waiting for the slowest rank included.
                times.append((Clock.milliseconds(began, ended), group.size == 1 ? 0 : Clock.milliseconds(computed, told)))
            }
        }
        return times
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
