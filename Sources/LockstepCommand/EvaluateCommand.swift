import ArgumentParser
import Collectives
import DataPipeline
import Formats
import Inference
import Kernels
import Lockstep
import Quality
import Training

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a run or a checkpoint on its validation and test data, or on other data.",
        discussion: "Works under mpirun too; the figures are the same bits at any number of ranks, and the run's own.")

    @Argument(help: "A run directory (runs/NAME) or a checkpoint in it.") var model: String
    @Option(help: "Other data of the recipe's format, with labels.") var data: String?
    @Flag(help: "One JSON object on standard output and nothing else.") var json = false

    func run() throws {
        try Session.run { group in
            let kernels = FloatKernels(try group.commonInstructionSet())
            let (saved, sets) = try group.agreeing {
                let saved = try SavedModel.load(model)
                return (saved, try evaluationSets(of: saved))
            }
            let evaluator = Evaluator(
                model: saved.model, kind: saved.recipe.metricKind, kernels: kernels, precision: saved.recipe.precision)
            var results: [(name: String, samples: Int, values: MetricValues)] = []
            for set in sets {
                let values = try evaluator.evaluate(set.data, parameters: saved.parameters, on: group).values()
                results.append((set.name, set.data.count, values))
            }
            if group.rank == 0 { show(results) }
        }
    }

    private func evaluationSets(of saved: SavedModel) throws -> [(name: String, data: Dataset)] {
        let recipe = saved.recipe
        if let data {
            let set = try loadLabelled(
                data, spec: recipe.data, preprocessing: saved.preprocessing, task: recipe.task, inputShape: recipe.network.input)
            return [("data", set)]
        }
        let loaded = try loadData(
            recipe.data, task: recipe.task, inputShape: recipe.network.input, seed: recipe.seed, alphabet: saved.preprocessing.alphabet)
        return [("validation", loaded.validation), ("test", loaded.test)].compactMap { name, set in
            set.flatMap { $0.count > 0 ? (name, $0) : nil }
        }
    }

    private func show(_ results: [(name: String, samples: Int, values: MetricValues)]) {
        if json {
            var members: [JSONObject.Member] = []
            for result in results {
                var object = JSONObject([])
                object["samples"] = .integer(result.samples)
                for value in result.values { object[value.name] = .number(value.value) }
                object.listNonFinite()
                members.append(JSONObject.Member(key: result.name, value: .object(object)))
            }
            print(JSONValue.object(JSONObject(members)).serialized())
            return
        }
        for result in results {
            let figures = result.values.map { "\($0.name) \(figure($0.value))" }.joined(separator: "  ")
            print("\(result.name) (\(result.samples) samples)  \(figures)")
        }
    }

    private func figure(_ value: Double) -> String {
        let text = "\((value * 1e6).rounded() / 1e6)"
        return text
    }
}
