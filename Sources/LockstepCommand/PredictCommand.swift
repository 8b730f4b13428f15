import ArgumentParser
import Collectives
import DataPipeline
import Formats
import Inference
import Kernels
import Lockstep
import Training

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Prints what a trained model says about the samples of a file, one JSON object a line.",
        discussion: "The file is npy, CSV or IDX images, plain or gzip; it passes through the preprocessing that the run fitted.")

    @Argument(help: "A run directory (runs/NAME) or a checkpoint in it.") var model: String
    @Option(help: "The samples.") var input: String

    func run() throws {
        try Session.run { group in
            let kernels = FloatKernels(try group.commonInstructionSet())
            let (saved, samples) = try group.agreeing {
                let saved = try SavedModel.load(model)
                let inputs = try loadInputs(input, preprocessing: saved.preprocessing, inputShape: saved.recipe.network.input)
                return (saved, inputs)
            }
            let predictor = Predictor(saved, kernels: kernels)
            // Each rank answers for its part; rank 0 prints all in the file's order.
            let mine = (samples.count * group.rank / group.size)..<(samples.count * (group.rank + 1) / group.size)
            let lines = predictor.lines(for: samples, range: mine)
            let all = try group.allGatherText(lines.joined(separator: "\n"))
            if group.rank == 0 { for part in all where !part.isEmpty { print(part) } }
        }
    }
}
