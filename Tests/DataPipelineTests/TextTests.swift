import CAllocationCounter
import DataPipeline
import Formats
import TestSupport
import Testing

/// The tokens of a sample and its targets.
func tokens(_ dataset: Dataset, _ sample: Int) -> (input: [Int32], target: [Int32]) {
    var input = [Int32](repeating: -1, count: dataset.featureCount)
    var target = input
    var span = input.mutableSpan
    dataset.copyTokens(of: sample, into: &span, at: 0)
    span = target.mutableSpan
    dataset.copyClasses(of: sample, into: &span, at: 0)
    return (input, target)
}

/// The samples of a set as text.
func texts(_ dataset: Dataset?, _ alphabet: Alphabet?) -> [String] {
    guard let dataset, let alphabet else { return [] }
    return (0..<dataset.count).map { alphabet.text(tokens(dataset, $0).input) }
}

struct TextTests {
    /// Loads a text of these characters for a model with `length` positions.
    static func load(
        _ text: String, vocabulary: Int? = nil, length: Int = 4, change: (inout DataSpec) -> Void = { _ in }
    ) throws -> LoadedData {
        try withTemporaryDirectory { folder in
            try FileIO.write(Array(text.utf8), to: "\(folder)/text.txt")
            var spec = DataSpec(format: .text, path: "\(folder)/text.txt", validation: 0)
            change(&spec)
            let task = TaskKind.tokens(vocabulary: vocabulary ?? Set(text.unicodeScalars).count, length: length)
            return try loadData(spec, task: task, inputShape: [length], seed: 1)
        }
    }

    /// A text of small letters by their numbers.
    static func letters(_ count: Int, _ rule: (Int) -> Int) -> String {
        var text = ""
        for place in 0..<count { text.unicodeScalars.append(Unicode.Scalar(UInt8(97 + rule(place)))) }
        return text
    }

    @Test func windowsLieEndToEndAndTargetsOneOn() throws {
        let data = try Self.load("hello, world.")
        let alphabet = try #require(data.preprocessing.alphabet)
        #expect(alphabet.characters == " ,.dehlorw")
        #expect(texts(data.train, alphabet) == ["hell", "o, w", "orld"])
        let second = tokens(data.train, 1)
        #expect(alphabet.text(second.target) == ", wo")
        #expect(data.train.labelsPerSample == 4 && data.train.targets == .classes(count: 10) && data.train.isTokens)
    }

    /// A window needs the token after it, so a text of exactly two windows has one.
    @Test func theLastTokenIsOnlyATarget() throws {
        #expect(try Self.load("abcdefgh").train.count == 1)
        #expect(try Self.load("abcdefghi").train.count == 2)
    }

    @Test func aStrideOverlapsTrainingOnly() throws {
        let data = try Self.load("abcdefghijklmnopqrst") { ($0.stride, $0.validation) = (1, 0.5) }
        let alphabet = data.preprocessing.alphabet
        #expect(texts(data.train, alphabet) == ["abcd", "bcde", "cdef", "defg", "efgh", "fghi"])
        #expect(texts(data.validation, alphabet) == ["klmn", "opqr"])
    }

    @Test func partsAreCutFromTheEndWithoutOverlap() throws {
        let text = Self.letters(100) { $0 % 26 }
        let data = try Self.load(text, length: 3) { ($0.validation, $0.test) = (0.2, .fraction(0.1)) }
        let alphabet = data.preprocessing.alphabet
        // 90 of 100 are kept from the test, 72 of those from validation.
        #expect(texts(data.train, alphabet).joined() == String(text.prefix(69)))
        #expect(texts(data.validation, alphabet).joined() == String(text.dropFirst(72).prefix(15)))
        #expect(texts(data.test, alphabet).joined() == String(text.dropFirst(90).prefix(9)))
    }

    @Test func charactersAreScalars() throws {
        // An e with an accent of its own and one made of two scalars; a CR LF; a family of joined emoji.
        let text = "\u{E9}e\u{301}\r\n👩‍👧x"
        let data = try Self.load(text, length: 2)
        let alphabet = try #require(data.preprocessing.alphabet)
        #expect(alphabet.count == Set(text.unicodeScalars).count)
        let all = try alphabet.encode(Array(text.utf8))
        let back = alphabet.text((0..<all.count).map { Int32(all[$0]) })
        #expect(Array(back.utf8) == Array(text.utf8))
        // Å as a letter and as the sign of a unit are equal strings and different characters.
        #expect(try Self.load("\u{C5}\u{212B}abcd", length: 2).preprocessing.alphabet?.count == 6)
    }

    @Test func theRecordKeepsTheAlphabet() throws {
        let preprocessing = try Self.load("\"quoted\\\" \u{0}\u{7F}é\u{301}\u{FEFF}\u{10FFFF}\n").preprocessing
        let again = try Preprocessing(json: preprocessing.json())
        #expect(again == preprocessing && again.json() == preprocessing.json())
        #expect(again.alphabet == preprocessing.alphabet)
        #expect(throws: DataError.self) { try Preprocessing(json: preprocessing.json().replacing("\\n", with: "z")) }
    }

    @Test func aSavedAlphabetKeepsItsNumbers() throws {
        let alphabet = try Self.load("abcde").preprocessing.alphabet
        try withTemporaryDirectory { folder in
            try FileIO.write(Array("cabbed".utf8), to: "\(folder)/new.txt")
            let task = TaskKind.tokens(vocabulary: 5, length: 4)
            let spec = DataSpec(format: .text, path: "\(folder)/new.txt", validation: 0)
            let data = try loadData(spec, task: task, inputShape: [4], seed: 1, alphabet: alphabet)
            #expect(tokens(data.train, 0).input == [2, 0, 1, 1])
            try FileIO.write(Array("abçd\u{7}ééx".utf8), to: "\(folder)/new.txt")
            let text = dataErrorText { _ = try loadData(spec, task: task, inputShape: [4], seed: 1, alphabet: alphabet) }
            #expect(
                text == "\(folder)/new.txt: the model does not know the characters 'ç' (U+00E7), U+0007, 'é' (U+00E9), 'x' (U+0078): its "
                    + "text had 5 others (at character 2). Leave them out or replace them; preprocessing.json of the run lists those it knows."
            )
        }
    }

    @Test func whatIsWrongIsSaid() throws {
        #expect(
            dataErrorText { _ = try Self.load("abcabc", vocabulary: 65) }?.hasSuffix(
                "text.txt: the text has 3 different characters, the model's vocabulary is 65. "
                    + "Set the embedding's vocabulary and the units of the last layer to 3.") == true)
        #expect(
            dataErrorText { _ = try Self.load("abcd") }?.hasSuffix(
                "the training set is too short: it has 4 tokens, a window of 4 and the token after it need 5. "
                    + "Give it a longer text, give the model a shorter input, or lower data.validation.") == true)
        #expect(
            dataErrorText { _ = try Self.load("abcdefghijkl") { $0.validation = 0.2 } }?.contains(
                "the validation set is too short: it has 3 tokens, a window of 4 and the token after it need 5.") == true)
        #expect(dataErrorText { _ = try Self.load("") }?.contains("the text is empty") == true)
        #expect(
            dataErrorText { _ = try Self.load("abcdef") { $0.length = 8 } }
                == "data.length: windows of 8 tokens do not fit model.input, which is [4]. Mend the data section of the recipe.")
        #expect(
            dataErrorText { _ = try Self.load("abcdef") { $0.path = "/nowhere/x.txt" } }?.contains("/nowhere/x.txt: cannot open the file")
                == true)
        try withTemporaryDirectory { folder in
            try FileIO.write([0x61, 0x62, 0xE9, 0x63], to: "\(folder)/latin.txt")
            let text = dataErrorText { _ = try Self.load("abcdef") { $0.path = "\(folder)/latin.txt" } }
            #expect(text?.hasPrefix("\(folder)/latin.txt: the text is not UTF-8: the byte 0xE9 does not belong there (at byte 2).") == true)
        }
    }

    @Test func textIsForModelsOfTokensAndTheyForText() {
        let text = DataSpec(format: .text, path: "x")
        #expect(text.problems(with: .binary).map(\.key) == ["format"])
        #expect(text.problems(with: .tokens(vocabulary: 3, length: 4)).isEmpty)
        #expect(DataSpec().problems(with: .tokens(vocabulary: 3, length: 4)).map(\.key) == ["format"])
        let tokens = DataSpec(format: .tokens, path: "x", length: 5, vocabulary: 7)
        #expect(tokens.problems(with: .tokens(vocabulary: 3, length: 4)).map(\.key) == ["length", "vocabulary"])
        #expect(DataSpec(format: .text, path: "x", split: .shuffled).problems().map(\.key) == ["split"])
        #expect(DataSpec(length: 5, stride: 0).problems().map(\.key) == ["length", "stride", "stride"])
        #expect(DataSpec(format: .text).problems().map(\.key) == ["path"])
    }

    @Test func fingerprintsTellTextsAndStridesApart() throws {
        let data = try Self.load("abcabcabcabc")
        #expect(try Self.load("abcabcabcabc").fingerprint == data.fingerprint)
        #expect(try Self.load("abcabcabcabd", vocabulary: 4).fingerprint != data.fingerprint)
        #expect(try Self.load("abcabcabcabc") { $0.stride = 2 }.fingerprint != data.fingerprint)
        let report = data.train.report()
        // Two windows with their targets cover nine tokens, and each counts once.
        #expect(report.samples == 2 && report.minimum == 0 && report.maximum == 2 && report.mean == 1 && report.classes.isEmpty)
        #expect(data.train.subset([1]).fingerprint != data.train.subset([0]).fingerprint)
    }

    @Test func batchesOfTokensComeFromTheSampler() throws {
        let text = Self.letters(203) { ($0 * $0 + $0 / 7) % 26 }
        let data = try Self.load(text, length: 10).train
        var sampler = Sampler(count: data.count, batch: 6, shuffle: true, seed: 3)
        let prefetcher = Prefetcher(
            dataset: data, sampler: sampler, seed: 3, capacity: 6, plan: PrefetchPlan(endBatch: 8), turnsLabels: { $0 == 5 })
        var order: [Int32] = []
        let vocabulary = Int32(Set(text).count)
        for number in 0..<8 {
            let batch = try #require(prefetcher.next())
            sampler.indices(batch: number, into: &order)
            #expect(batch.count == order.count)
            var inputs = [Int32](repeating: -1, count: batch.count * 10)
            var labels = inputs
            var span = inputs.mutableSpan
            batch.copyTokens(rows: 0..<batch.count, into: &span)
            span = labels.mutableSpan
            batch.copyClasses(rows: 0..<batch.count, into: &span)
            #expect(inputs == order.flatMap { tokens(data, Int($0)).input })
            let targets = order.flatMap { tokens(data, Int($0)).target }
            #expect(labels == (number == 5 ? targets.map { vocabulary - 1 - $0 } : targets))
            // A part of the rows, as one virtual shard takes it.
            var part = [Int32](repeating: -1, count: 10)
            span = part.mutableSpan
            batch.copyClasses(rows: 1..<2, into: &span)
            #expect(part == Array(labels[10..<20]))
        }
    }

    @Test func tinyShakespeareHas65Characters() throws {
        guard let path = Locations.shared("data/tinyshakespeare.txt") else {
            return skip("../shared/data/tinyshakespeare.txt is not there")
        }
        let spec = DataSpec(format: .text, path: path, validation: 0.1)
        let data = try loadData(spec, task: .tokens(vocabulary: 65, length: 256), inputShape: [256], seed: 1)
        #expect(data.preprocessing.alphabet?.count == 65)
        #expect(data.preprocessing.alphabet?.characters.hasPrefix("\n !$&',-.3:;?ABC") == true)
        // 1,115,394 characters; 1,003,854 of them are for training.
        #expect(data.train.count == 1_003_853 / 256 && data.validation?.count == 111_539 / 256)
        #expect(texts(data.train.subset([0]), data.preprocessing.alphabet)[0].hasPrefix("First Citizen:\nBefore we proceed"))
        #expect(try loadTokens(path, preprocessing: data.preprocessing).count == 1_115_394)
    }
}
