import ArgumentParser
import Lockstep
import Training

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures speed: a whole training step, how it scales with ranks, or single kernels.",
        subcommands: [StepBenchCommand.self, KernelBenchCommand.self, ScalingBenchCommand.self])
}

struct StepBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Times the whole training step on a fixed batch; under mpirun each rank takes the whole batch.")

    @Argument(help: "mlp-small, mlp, cnn, resnet18, lstm, gpt-mini, gpt2, or a recipe.") var workload: String
    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Changes to the workload or recipe: dotted.key=value.", valueName: "key=value"))
    var overrides: [String] = []
    @Option(help: "Timed steps.") var steps = 100
    @Option(help: "Steps before the clock starts.") var warmup = 5
    @Option(help: "fp32 or bf16; without it a recipe's own, and fp32 for a workload.") var precision: String?
    @Flag(help: "Share the workload's batch out over the ranks instead of giving it to each.") var split = false
    @Flag(help: "Then the time of each operation, with bytes, FLOPs and the share of what the core can do.") var profile = false
    @Flag(help: "One JSON object on standard output and nothing else (with --profile one more for each operation).") var json = false

    func validate() throws {
        guard steps > 0, warmup >= 0 else { throw ValidationError("--steps needs at least 1 and --warmup at least 0.") }
    }

    func run() throws {
        try Session.run { group in
            let bench = try group.agreeing { try StepBench(workload, overrides: overrides, precision: precision) }
            let row = try bench.run(steps: steps, warmup: warmup, split: split, profiles: profile, on: group)
            guard group.rank == 0 else { return }
            if json {
                print(row.json.serialized())
                for operation in row.profile?.json ?? [] { print(operation.serialized()) }
                return
            }
            print(
                """
                \(row.workload), \(row.precision): \(row.parameters) parameters, batch \(row.samples), \(row.ranks) rank\(row.ranks == 1 ? "" : "s"), \(row.instructionSet.name)
                step \(round(row.stepMilliseconds)) ms (median of \(steps)), of which exchange \(round(row.exchangeMilliseconds)) ms, \
                \(row.exchangeBytes) bytes sent; \(round(row.perSecond)) \(row.unit)/s
                """)
            if let profile = row.profile { print(profile.table) }
        }
    }

    private func round(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
