import ArgumentParser
import Collectives
import Formats
import Glibc
import Launching
import Lockstep
import Networks
import Recipes
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains the network of a recipe, alone or under mpirun.",
        discussion: """
            RECIPE is a file or the name of a built-in recipe (lockstep recipes lists them). KEY=VALUE changes any key of it:
            batch=64 optimizer.learning_rate=3e-4 data.path=data/mnist run=my-first-run
            """)

    @Argument(help: ArgumentHelp("A recipe file or the name of a built-in recipe.", valueName: "recipe"))
    var recipe: String = "digits"

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Changes to the recipe: dotted.key=value.", valueName: "key=value"))
    var overrides: [String] = []

    @Flag(help: "Print the layer table and stop.") var summary = false
    @Flag(help: "Standard output is JSON and nothing else: one object, the run's summary (or the parameters with --summary).") var json =
        false
    @Flag(help: "Continue run=NAME from its newest usable checkpoint.") var resume = false
    @Option(help: ArgumentHelp("Inject a fault: nan:rank=1@step=300, lr:x100@step=300, flip-labels:rank=1@epoch=2.", valueName: "fault"))
    var inject: [String] = []
    @Option(help: "Fail unless the run has this many ranks.") var expectRanks: Int?

    func run() throws {
        let (name, changes) = recipe.contains("=") ? ("digits", [recipe] + overrides) : (recipe, overrides)
        if summary { return try printSummary(of: Recipe.load(name, overrides: changes)) }
        let faults = try inject.map { try InjectedFault(parsing: $0) }
        try Session.run { group in
            if let expectRanks, expectRanks != group.size {
                throw AgreedFailure(
                    RunFailure(
                        .environment,
                        "--expect-ranks \(expectRanks), but this run has \(group.size). Start it with mpirun -np \(expectRanks) lockstep train …"
                    ))
            }
            let recipe = try group.agreeing { try Recipe.load(name, overrides: changes) }
            let options = TrainingOptions(
                resume: resume, faults: faults, quiet: json, arguments: CommandLine.arguments, requests: signalRequests)
            let result = try Trainer.run(recipe, options: options, on: group)
            if let summary = result.summary {
                print(json ? summary.json.serialized() : "\n" + summary.table(directory: result.runDirectory))
            }
            if result.exitCode != .finished { throw RunEnd(code: result.exitCode) }
        }
    }

    private func printSummary(of recipe: Recipe) throws {
        let table = try ModelTable(recipe: recipe)
        print(json ? table.json.serialized() : table.text)
    }
}

/// What signals have asked for, as the trainer asks once per step.
private func signalRequests() -> SignalRequests {
    let stop = SignalFlags.stopRequested
    return SignalRequests(terminate: stop == SIGTERM, interrupt: stop == SIGINT, checkpoint: SignalFlags.takeCheckpointRequest())
}
