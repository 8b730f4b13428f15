import Formats

/// Reads a text (or, for a model that was trained on token files, such a file or folder) as the tokens of a model.
/// - Throws: `DataError`, also for characters that the model does not know.
package func loadTokens(_ path: String, preprocessing: Preprocessing) throws(DataError) -> TokenArray {
    guard case .tokens(let vocabulary, _) = preprocessing.task else {
        throw DataError(
            .specification, "the model reads no text: it makes \(preprocessing.task.description)", path: path,
            remedy: "Use a model that was trained on text or tokens.")
    }
    let tokens: TokenArray
    if let alphabet = preprocessing.alphabet {
        tokens = try TextSource.read(path, alphabet: alphabet)
    } else {
        tokens = try TokenSource.read(
            try TokenSource.shards(of: path), element: preprocessing.tokenElement ?? TokenSource.standardElement(vocabulary),
            vocabulary: vocabulary)
    }
    guard tokens.count > 0 else { throw DataError(.empty, "there is no token in it", path: path, remedy: "Give it a text.") }
    return tokens
}

/// The same as samples with targets, for `evaluate --data`: windows end to end.
func labelledTokens(_ path: String, preprocessing: Preprocessing) throws(DataError) -> Dataset {
    let length = preprocessing.task.positions
    let windows = TokenWindows(try loadTokens(path, preprocessing: preprocessing), length: length, stride: length)
    let parts = TokenParts(spec: DataSpec(format: .text), task: preprocessing.task, preprocessing: preprocessing)
    return try parts.dataset(windows, name: "evaluation set", path: path)
}
