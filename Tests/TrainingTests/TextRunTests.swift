import Collectives
import DataPipeline
import Formats
import Foundation
import Inference
import Kernels
import Networks
import Quality
import Recipes
import TestSupport
import Testing
import Training

/// Whole runs of small models on a small text: trained, evaluated, judged and continued.
@Suite(.serialized) struct TextRunTests {
    /// 2,400 characters that can be learned: words in an order that a counter decides.
    static let text: String = {
        let words = ["the", "cat", "sat", "on", "a", "mat", "and", "ran", "to", "its", "den"]
        var (text, state) = ("", 1)
        while text.utf8.count < 2400 {
            state = (state * 75 + 74) % 65_537
            text += words[state % words.count] + (state % 9 == 0 ? ".\n" : " ")
        }
        return String(text.prefix(2400))
    }()

    static func recipe(_ folder: String, layers: String) throws -> String {
        try writeText(text, to: "\(folder)/text.txt")
        let vocabulary = Set(text.unicodeScalars).count
        return """
            name: letters
            seed: 3
            data: {format: text, path: \(folder)/text.txt, validation: 0.1, test: 0.1}
            model:
              input: [16]
              layers:
                - embedding: {vocabulary: \(vocabulary), width: 16, positions: true}
            \(layers.split(separator: "\n").map { "    - \($0)" }.joined(separator: "\n"))
                - dense: \(vocabulary)
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 1e-2}
            batch: 10
            epochs: 3
            parallel: {virtual_shards: 3}
            log: {progress: none, tensorboard: false}
            """
    }

    static let models = ["lstm: {units: 24}", "transformer: {heads: 2, dropout: 0.1}\nlayernorm"]

    @Test(arguments: models)
    func ranksDoNotMatterAndTheSavedModelSaysTheSame(_ layers: String) throws {
        try withTemporaryDirectory { folder in
            let recipe = try Self.recipe(folder, layers: layers)
            let one = try TrainingRuns.train(recipe, run: "one", in: folder)
            let three = try TrainingRuns.train(recipe, run: "three", in: folder, ranks: 3)
            #expect(TrainingRuns.weights(one) == TrainingRuns.weights(three))
            let summary = try #require(one.summary)
            for (name, mine, theirs) in [
                ("train", summary.train, three.summary?.train), ("validation", summary.validation, three.summary?.validation),
                ("test", summary.test, three.summary?.test),
            ] {
                #expect(mine.map(\.value) == theirs?.map(\.value), "\(name)")
                #expect(mine.map(\.name) == ["loss", "accuracy", "perplexity"])
            }
            // Chance is 2.8; the letters of known words are soon better than that.
            #expect(TrainingRuns.figure(summary.validation, "loss") < 2.6)
            #expect(
                abs(TrainingRuns.figure(summary.test, "perplexity") - exp(TrainingRuns.figure(summary.test, "loss"))) < 1e-9)
            #expect(summary.tokensPerSecond ?? 0 > summary.samplesPerSecond)

            let saved = try SavedModel.load("\(folder)/one")
            let kernels = FloatKernels(try InstructionSet.effective())
            let data = try loadData(
                saved.recipe.data, task: saved.recipe.task, inputShape: saved.recipe.network.input, seed: saved.recipe.seed,
                alphabet: saved.preprocessing.alphabet)
            for ranks in [1, 2] {
                let values = try ThreadGroup.run(ranks) { group -> [Double] in
                    let evaluator = Evaluator(
                        model: saved.model, kind: saved.recipe.metricKind, kernels: kernels, precision: saved.recipe.precision)
                    return try evaluator.evaluate(try #require(data.test), parameters: saved.parameters, on: group).values().map(\.value)
                }
                for rank in values { #expect(rank == summary.test.map(\.value), "\(ranks) ranks") }
            }
            try checkJudgement(saved, kernels, data: data, expected: summary.test)
            try checkWriting(saved, kernels)
        }
    }

    /// Judging a text window by window is evaluating it.
    private func checkJudgement(
        _ saved: SavedModel, _ kernels: FloatKernels, data: LoadedData, expected: RunSummary.Metrics
    ) throws {
        let test = try #require(data.test)
        var text: [Int32] = []
        for sample in 0..<test.count {
            var row = [Int32](repeating: 0, count: 17)
            var span = row.mutableSpan
            test.copyTokens(of: sample, into: &span, at: 0)
            test.copyClasses(of: sample, into: &span, at: 1)
            text += sample == 0 ? row : Array(row.dropFirst())
        }
        let generator = try TextGenerator(saved, samples: 4, kernels: kernels)
        let windows = generator.windowCount(text.count)
        #expect(windows == test.count + 1)
        let judgements = generator.judge(text, windows: 0..<windows)
        let compared = judgements.reduce(0) { $0 + $1.compared }
        #expect(compared == test.count * 16 && judgements.last?.compared == 0)
        let loss = judgements.reduce(0) { $0 + $1.lossSum } / Double(compared)
        #expect(abs(loss - TrainingRuns.figure(expected, "loss")) < 1e-5)
        let accuracy = Double(judgements.reduce(0) { $0 + $1.correct }) / Double(compared)
        #expect(abs(accuracy - TrainingRuns.figure(expected, "accuracy")) < 1e-9)
        for judgement in judgements { #expect(judgement.next.count == 5) }
    }

    private func checkWriting(_ saved: SavedModel, _ kernels: FloatKernels) throws {
        let writing = TokenWriting(saved.preprocessing)
        let prompt = try writing.tokens(ofPrompt: "the cat ")
        let sampler = TokenSampler(temperature: 0.8, topK: 8, seed: 11)
        // Beyond the model's length, where the window moves along.
        let all = try TextGenerator(saved, samples: 5, kernels: kernels).generate(
            prompt: prompt, samples: 0..<5, count: 30, sampler: sampler)
        #expect(all.count == 5 && all.allSatisfy { $0.count == 30 } && Set(all).count == 5)
        // A text does not depend on those made beside it, nor on how many at a time.
        let alone = try TextGenerator(saved, samples: 1, kernels: kernels)
        #expect(try alone.generate(prompt: prompt, samples: 3..<4, count: 30, sampler: sampler) == [all[3]])
        #expect(try alone.generate(prompt: prompt, samples: 0..<2, count: 30, sampler: sampler) == Array(all[..<2]))
        // The greedy continuation is what the judgement expects, token by token.
        let greedy = try alone.generate(prompt: prompt, samples: 0..<1, count: 6, sampler: TokenSampler(temperature: 0))[0]
        for place in 0..<6 {
            let seen = prompt + greedy.prefix(place)
            #expect(alone.judge(seen, windows: 0..<1)[0].next[0].token == greedy[place])
        }
        #expect(try alone.generate(prompt: writing.beginning, samples: 0..<1, count: 3, sampler: sampler)[0].count == 3)
    }

    @Test func unknownCharactersOfAPromptAreNamed() throws {
        try withTemporaryDirectory { folder in
            let recipe = try Self.recipe(folder, layers: "lstm: {units: 4}")
            _ = try TrainingRuns.train(recipe, run: "a", in: folder, overrides: ["steps=1"])
            let writing = TokenWriting(try SavedModel.load("\(folder)/a").preprocessing)
            var message = ""
            do { _ = try writing.tokens(ofPrompt: "the Cät") } catch { message = "\(error)" }
            #expect(message.hasPrefix("the model does not know the characters 'C' (U+0043), 'ä' (U+00E4): its text had"))
            // The text has changed since: the characters keep their numbers, and a new one has none.
            try writeText(Self.text + "ZZZ", to: "\(folder)/text.txt")
            let saved = try SavedModel.load("\(folder)/a")
            do {
                _ = try loadData(
                    saved.recipe.data, task: saved.recipe.task, inputShape: saved.recipe.network.input, seed: saved.recipe.seed,
                    alphabet: saved.preprocessing.alphabet)
                Issue.record("a character that the model does not know was taken")
            } catch let error as DataError {
                #expect(error.description.contains("the model does not know the character 'Z' (U+005A)"))
            }
        }
    }

    @Test func aChainOfMadeUpTokensIsLearned() throws {
        try withTemporaryDirectory { folder in
            let recipe = """
                data: {format: synthetic, samples: 320, test_samples: 40, noise: 0.1}
                model: {input: [12], layers: [embedding: {vocabulary: 9, width: 16}, dense: 9]}
                loss: softmax_cross_entropy
                optimizer: {name: adam, learning_rate: 2e-2}
                epochs: 8
                log: {progress: none, tensorboard: false}
                """
            let result = try TrainingRuns.train(recipe, run: "a", in: folder)
            // The best there is: 0.1 / 9 for each wrong token.
            let (wrong, right) = (0.1 / 9, 0.9 + 0.1 / 9)
            let best = -right * log(right) - 8 * wrong * log(wrong)
            let loss = TrainingRuns.figure(result.summary?.test, "loss")
            #expect(abs(loss - best) < 0.08, "\(loss), the best is \(best)")
            let saved = try SavedModel.load("\(folder)/a")
            let writing = TokenWriting(saved.preprocessing)
            #expect(try writing.tokens(ofPrompt: "1, 2 8") == [1, 2, 8])
            #expect(throws: DataError.self) { try writing.tokens(ofPrompt: "9") }
            #expect(writing.text([3, 0]) == "3 0 ")
        }
    }

    /// Blocks follow from the network alone.
    @Test func blocksAreAsLargeAsTheActivationsAllow() throws {
        func rows(_ model: String) throws -> Int {
            let recipe = try Recipe.parse("model: \(model)\nloss: softmax_cross_entropy\nepochs: 1\ndata: {format: synthetic}")
            return try Network.build(recipe.network).evaluationRows
        }
        #expect(try rows("{input: [64], layers: [dense: 10]}") == 256)
        #expect(try rows("{input: [256], layers: [embedding: {vocabulary: 65, width: 384}, dense: 65]}") == 64)
        #expect(try rows("{input: [512], layers: [embedding: {vocabulary: 20000, width: 4}, dense: 20000]}") == 1)
    }
}
