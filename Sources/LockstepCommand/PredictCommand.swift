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
        abstract: "Prints what a trained model says about the samples of a file, or lets a text model write.",
        discussion: """
            With --input, one JSON object a line for each sample. The file is npy, CSV or IDX images, plain or gzip, or a text for a text \
            model; it passes through the preprocessing that the run fitted.

            With --prompt, a text model goes on from there. The same seed gives the same text.

              lockstep predict runs/shakespeare --prompt "ROMEO:" --length 500 --temperature 0.8 --top-k 40
            """)

    @Argument(help: "A run directory (runs/NAME) or a checkpoint in it.") var model: String
    @Option(help: "The samples.") var input: String?
    @OptionGroup(title: "Writing text") var writing: WritingOptions

    func validate() throws {
        guard (input == nil) != (writing.prompt == nil) else {
            throw ValidationError("Give either --input FILE, to ask about samples, or --prompt TEXT, to have a text written.")
        }
        if input != nil, let option = writing.firstGiven {
            throw ValidationError("--\(option) is for writing text: give it with --prompt TEXT instead of --input.")
        }
    }

    func run() throws {
        try Session.run { group in
            let kernels = FloatKernels(try group.commonInstructionSet())
            let saved = try group.agreeing { try SavedModel.load(model) }
            if let prompt = writing.prompt {
                try write(from: prompt, saved, kernels, on: group)
            } else if saved.recipe.task.isTokens {
                try judge(saved, kernels, on: group)
            } else {
                try predict(saved, kernels, on: group)
            }
        }
    }

    private func predict(_ saved: SavedModel, _ kernels: FloatKernels, on group: any CollectiveGroup) throws {
        let samples = try group.agreeing {
            try loadInputs(input ?? "", preprocessing: saved.preprocessing, inputShape: saved.recipe.network.input)
        }
        let predictor = Predictor(saved, kernels: kernels)
        try printLines(predictor.lines(for: samples, range: part(of: samples.count, group)), on: group)
    }

    private func judge(_ saved: SavedModel, _ kernels: FloatKernels, on group: any CollectiveGroup) throws {
        let (generator, text) = try group.agreeing {
            let tokens = try loadTokens(input ?? "", preprocessing: saved.preprocessing)
            let generator = try TextGenerator(saved, samples: saved.model.evaluationRows, kernels: kernels)
            return (generator, (0..<tokens.count).map { Int32(tokens[$0]) })
        }
        let predictor = TextPredictor(generator, writing: TokenWriting(saved.preprocessing))
        try printLines(predictor.lines(for: text, windows: part(of: generator.windowCount(text.count), group)), on: group)
    }

    /// Each rank answers for its part.
    private func part(of count: Int, _ group: any CollectiveGroup) -> Range<Int> {
        (count * group.rank / group.size)..<(count * (group.rank + 1) / group.size)
    }

    /// Rank 0 prints all in their order.
    private func printLines(_ lines: [String], on group: any CollectiveGroup) throws {
        let all = try group.allGatherText(lines.joined(separator: "\n"))
        if group.rank == 0 { for part in all where !part.isEmpty { print(part) } }
    }

    private func write(from prompt: String, _ saved: SavedModel, _ kernels: FloatKernels, on group: any CollectiveGroup) throws {
        let count = writing.samples ?? 1
        let mine = part(of: count, group)
        let spelling = TokenWriting(saved.preprocessing)
        let (generator, begun) = try group.agreeing {
            let generator = try TextGenerator(saved, samples: mine.count, kernels: kernels)
            let tokens = try spelling.tokens(ofPrompt: prompt)
            return (generator, tokens.isEmpty ? spelling.beginning : tokens)
        }
        // One text alone appears as it is written.
        let isLive = count == 1 && group.size == 1 && !writing.json
        if isLive { put(prompt) }
        let texts = try group.agreeing {
            try generator.generate(prompt: begun, samples: mine, count: writing.length ?? 200, sampler: writing.sampler) { _, token in
                if isLive { put(spelling.text([token])) }
            }
        }
        if isLive { return put("\n") }
        let values = zip(mine, texts).map { sample, tokens in
            var object: JSONObject = ["sample": .integer(sample), "text": .string(spelling.text(tokens))]
            if spelling.key == "token" { object["tokens"] = .array(tokens.map { .integer(Int($0)) }) }
            return JSONValue.object(object)
        }
        let gathered = try group.allGatherText(JSONValue.array(values).serialized())
        guard group.rank == 0 else { return }
        let samples = try gathered.flatMap { try JSONValue.parse($0).arrayValue ?? [] }
        writing.show(prompt: prompt, samples: samples)
    }

    private func put(_ text: String) {
        print(text, terminator: "")
        flushStandardOutput()
    }
}
