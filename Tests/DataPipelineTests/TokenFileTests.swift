import DataPipeline
import Formats
import TensorCore
import TestSupport
import Testing

struct TokenFileTests {
    private func words(_ tokens: Range<Int>) -> [UInt8] { tokens.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } }

    private func load(
        _ path: String, vocabulary: Int = 1000, length: Int = 4, change: (inout DataSpec) -> Void = { _ in }
    ) throws -> LoadedData {
        var spec = DataSpec(format: .tokens, path: path, validation: 0)
        change(&spec)
        return try loadData(spec, task: .tokens(vocabulary: vocabulary, length: length), inputShape: [length], seed: 1)
    }

    @Test func shardsAreOneTextInTheOrderOfTheirNames() throws {
        try withTemporaryDirectory { folder in
            try FileIO.write(words(300..<310), to: "\(folder)/b.bin")
            try FileIO.write(words(0..<7), to: "\(folder)/a_000002.bin")
            try FileIO.write(Gzip.compress(words(7..<9)), to: "\(folder)/a_000010.bin.gz")
            try NpyFile.write(Tensor(name: "", shape: [2], int32s: [77, 78]), to: "\(folder)/c.npy")
            try FileIO.write([1, 2, 3], to: "\(folder)/notes.txt")
            let data = try load(folder)
            let seen = (0..<data.train.count).flatMap { tokens(data.train, $0).input }
            #expect(seen == Array(0..<9) + Array(300..<310) + [77])
            #expect(try load("\(folder)/b.bin").train.count == 2)
            #expect(data.preprocessing.tokenElement == .uint16)
            #expect(try Preprocessing(json: data.preprocessing.json()) == data.preprocessing)
        }
    }

    @Test func namesSayWhatIsForValidation() throws {
        try withTemporaryDirectory { folder in
            try FileIO.write(words(0..<21), to: "\(folder)/train.bin")
            try FileIO.write(words(100..<109), to: "\(folder)/val.bin")
            try FileIO.write(words(200..<205), to: "\(folder)/set_test_01.bin")
            let data = try load(folder) { $0.validation = 0.5 }
            #expect(data.train.count == 5 && data.validation?.count == 2 && data.test?.count == 1)
            #expect(tokens(data.validation!, 0).input == [100, 101, 102, 103])
            #expect(try load(folder).validation == nil)
            // A part of the text itself wins over what is found by name.
            #expect(try load(folder) { $0.test = .fraction(0.25) }.test?.count == 1)
            #expect(try load(folder) { $0.test = .file("\(folder)/val.bin") }.test?.count == 2)
        }
    }

    @Test func whatIsWrongIsSaid() throws {
        try withTemporaryDirectory { folder in
            #expect(dataErrorText { _ = try load(folder) }?.contains("there is no file of tokens (.bin or .npy) in this folder") == true)
            try FileIO.write(words(0..<21), to: "\(folder)/val.bin")
            #expect(dataErrorText { _ = try load(folder) }?.contains("all 1 token files here are for validation or test") == true)
            #expect(
                dataErrorText { _ = try load("\(folder)/val.bin", vocabulary: 20) }
                    == "\(folder)/val.bin: token 20 is 20, the vocabulary has the tokens 0 to 19 (at byte 40). Give the model's embedding and "
                    + "last layer (and data.vocabulary) as many tokens as the data has.")
            #expect(
                dataErrorText { _ = try load("\(folder)/val.bin") { $0.vocabulary = 21 } }
                    == "data.vocabulary: the data has 21 tokens, the model 1000: set the vocabulary of its embedding and the units of its last "
                    + "layer to 21. Mend the data section of the recipe.")
            #expect(dataErrorText { _ = try load("\(folder)/none.bin") }?.contains("none.bin: cannot open the file") == true)
            #expect(try load("\(folder)/val.bin", vocabulary: 100_000) { $0.element = .uint16 }.train.count == 5)
        }
    }

    @Test func otherTextsAreReadForEvaluation() throws {
        try withTemporaryDirectory { folder in
            try FileIO.write(words(0..<21), to: "\(folder)/a.bin")
            let preprocessing = try load("\(folder)/a.bin").preprocessing
            let spec = DataSpec(format: .tokens, path: "elsewhere")
            let task = TaskKind.tokens(vocabulary: 1000, length: 4)
            let data = try loadLabelled("\(folder)/a.bin", spec: spec, preprocessing: preprocessing, task: task, inputShape: [4])
            #expect(data.count == 5 && tokens(data, 4).target == [17, 18, 19, 20])
            #expect(try loadTokens(folder, preprocessing: preprocessing).count == 21)
        }
    }
}

struct SyntheticTokenTests {
    private func load(vocabulary: Int, length: Int, seed: UInt64 = 1, change: (inout DataSpec) -> Void = { _ in }) throws -> LoadedData {
        var spec = DataSpec(format: .synthetic, samples: 200, testSamples: 50)
        change(&spec)
        return try loadData(spec, task: .tokens(vocabulary: vocabulary, length: length), inputShape: [length], seed: seed)
    }

    @Test func isAFunctionOfTheSeed() throws {
        let data = try load(vocabulary: 50, length: 7)
        #expect(try load(vocabulary: 50, length: 7).fingerprint == data.fingerprint)
        #expect(try load(vocabulary: 50, length: 7, seed: 2).fingerprint != data.fingerprint)
        #expect(data.train.count == 160 && data.validation?.count == 40 && data.test?.count == 50)
        let longer = try load(vocabulary: 50, length: 7) { $0.samples = 400 }
        #expect(tokens(longer.train, 3) == tokens(data.train, 3) && longer.test!.fingerprint == data.test!.fingerprint)
        #expect(tokens(data.train, 0).input != tokens(data.train, 1).input)
    }

    @Test func aTokenIsFollowedByItsOwn() throws {
        let data = try load(vocabulary: 30, length: 20) { $0.noise = 0 }
        var follower: [Int32: Int32] = [:]
        for sample in 0..<data.train.count {
            let (input, target) = tokens(data.train, sample)
            #expect(Array(input.dropFirst()) == Array(target.dropLast()))
            for (token, next) in zip(input, target) {
                #expect(follower[token] == nil || follower[token] == next)
                follower[token] = next
            }
        }
        #expect(follower.count == 30 && Set(follower.values).count == 30)
        // With noise a part of them strays; a stray one hits the right one once in 30.
        let noisy = try load(vocabulary: 30, length: 20) { $0.noise = 0.3 }
        var strays = 0
        for sample in 0..<noisy.train.count {
            let (input, target) = tokens(noisy.train, sample)
            strays += zip(input, target).count { follower[$0] != $1 }
        }
        #expect(abs(Double(strays) / Double(noisy.train.count * 20) - 0.3 * 29 / 30) < 0.03)
    }

    @Test func otherKindsMakeNoTokens() {
        #expect(
            dataErrorText { _ = try load(vocabulary: 30, length: 20) { $0.kind = .blobs } }?
                .contains("data.kind: blobs makes no targets for the next of 30 tokens at 20 positions") == true)
        #expect(DataSpec(format: .synthetic, kind: .chain, noise: 1.5).problems().map(\.key) == ["noise"])
    }
}
