import Formats

/// A text of characters: one UTF-8 file, plain or gzip. The alphabet is that of the whole file, as is the custom: with one made from the
/// training part alone a rare letter of the validation part would have no number.
enum TextSource {
    /// - Parameter alphabet: that of the model, when there is one already; else the text's own.
    static func load(_ spec: DataSpec, task: TaskKind, alphabet known: Alphabet?) throws(DataError) -> LoadedData {
        let path = spec.path!
        let bytes = try reading { () throws(FormatError) in try FileIO.readUnpacked(path) }
        let alphabet: Alphabet
        if let known { alphabet = known } else { alphabet = try Alphabet.of(bytes, path: path) }
        try check(alphabet, fits: task, path: path)
        let tokens = try alphabet.encode(bytes, path: path)
        var test: TokenArray?
        if case .file(let file)? = spec.test { test = try read(file, alphabet: alphabet) }
        let parts = TokenParts(
            spec: spec, task: task, preprocessing: Preprocessing(task: task, featureShape: [task.positions], alphabet: alphabet))
        return try parts.divide(tokens, test: test)
    }

    static func read(_ path: String, alphabet: Alphabet) throws(DataError) -> TokenArray {
        try alphabet.encode(try reading { () throws(FormatError) in try FileIO.readUnpacked(path) }, path: path)
    }

    private static func check(_ alphabet: Alphabet, fits task: TaskKind, path: String) throws(DataError) {
        guard case .tokens(let vocabulary, _) = task, vocabulary != alphabet.count else { return }
        throw DataError(
            .mismatch, "the text has \(alphabet.count) different characters, the model's vocabulary is \(vocabulary)", path: path,
            remedy: "Set the embedding's vocabulary and the units of the last layer to \(alphabet.count).")
    }
}
