import ArgumentParser
import Formats
@preconcurrency import Glibc
import Inference

/// How `predict` lets a text model write.
struct WritingOptions: ParsableArguments {
    @Option(help: "The beginning of the text (for a model of token files: numbers with spaces between them).") var prompt: String?
    @Option(help: "How many tokens to add (default: 200).") var length: Int?
    @Option(help: "Above 1 is wilder, below 1 tamer, 0 always takes the most likely token (default: 1).") var temperature: Double?
    @Option(name: .customLong("top-k"), help: "Draw among the K most likely tokens only.") var topK: Int?
    @Option(name: .customLong("top-p"), help: "Draw among the most likely tokens that have the probability P together.") var topP: Double?
    @Option(help: "Another seed, another text (default: 0).") var seed: UInt64?
    @Option(help: "How many texts to write (default: 1).") var samples: Int?
    @Flag(help: "One JSON object on standard output and nothing else.") var json = false

    func validate() throws {
        func check(_ holds: Bool?, _ text: String) throws {
            if holds == false { throw ValidationError(text) }
        }
        try check(length.map { $0 >= 1 }, "--length is a number of tokens, 1 or more.")
        try check(temperature.map { $0 >= 0 && $0.isFinite }, "--temperature is a number from 0 up.")
        try check(topK.map { $0 >= 1 }, "--top-k is a number of tokens, 1 or more.")
        try check(topP.map { $0 > 0 && $0 <= 1 }, "--top-p is a probability above 0, at most 1.")
        try check(samples.map { $0 >= 1 }, "--samples is a number of texts, 1 or more.")
    }

    /// The first option given that has no meaning without a prompt.
    var firstGiven: String? {
        let given: [(String, Bool)] = [
            ("length", length != nil), ("temperature", temperature != nil), ("top-k", topK != nil), ("top-p", topP != nil),
            ("seed", seed != nil), ("samples", samples != nil), ("json", json),
        ]
        return given.first { $0.1 }?.0
    }

    var sampler: TokenSampler { TokenSampler(temperature: temperature ?? 1, topK: topK, topP: topP, seed: seed ?? 0) }

    /// All texts, as one JSON object or one after another.
    func show(prompt: String, samples: [JSONValue]) {
        guard json else {
            for (index, sample) in samples.enumerated() {
                if samples.count > 1 { print("\(index > 0 ? "\n" : "")--- sample \(index)") }
                print(prompt + (sample["text"]?.stringValue ?? ""))
            }
            return
        }
        let object: JSONObject = [
            "prompt": .string(prompt), "length": .integer(length ?? 200), "temperature": .number(sampler.temperature),
            "top_k": topK.map { .integer($0) } ?? .null, "top_p": topP.map { .number($0) } ?? .null,
            "seed": .string(String(sampler.seed)), "samples": .array(samples),
        ]
        print(JSONValue.object(object).serialized())
    }
}

/// Makes what was printed appear now.
func flushStandardOutput() { fflush(stdout) }
