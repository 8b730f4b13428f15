import Formats

/// Divides a row of tokens into training, validation and test windows.
///
/// The cuts are made in the text and not among windows, so no window of one part shares a token with one of another. Windows of
/// validation and test lie end to end whatever `data.stride` says: each of their tokens is measured once.
struct TokenParts {
    let spec: DataSpec
    let task: TaskKind
    let preprocessing: Preprocessing
    private var length: Int { task.positions }

    /// The parts of a text that is one piece: test from its end, validation from the end of what is left. What comes in a file of its own
    /// is given.
    func divide(
        _ tokens: TokenArray, validation given: TokenArray? = nil, test testFile: TokenArray? = nil
    ) throws(DataError) -> LoadedData {
        var end = tokens.count
        var test = testFile.map { TokenWindows($0, length: length, stride: length) }
        if test == nil, case .fraction(let part)? = spec.test, part > 0 {
            // The rule of all splits: the whole part of n · (1 − fraction) is kept.
            let kept = Int((Double(end) * (1 - part)).rounded(.down))
            test = TokenWindows(tokens, part: kept..<end, length: length, stride: length)
            end = kept
        }
        var validation: TokenWindows?
        if spec.validation > 0 {
            if let given {
                validation = TokenWindows(given, length: length, stride: length)
            } else {
                let kept = Int((Double(end) * (1 - spec.validation)).rounded(.down))
                validation = TokenWindows(tokens, part: kept..<end, length: length, stride: length)
                end = kept
            }
        }
        let train = TokenWindows(tokens, part: 0..<end, length: length, stride: spec.stride ?? length)
        return LoadedData(
            train: try dataset(train, name: "training set", remedy: "lower data.validation"),
            validation: try validation.map { (windows) throws(DataError) in
                try dataset(windows, name: "validation set", remedy: "raise data.validation (0 for no validation)")
            },
            test: try test.map { (windows) throws(DataError) in
                try dataset(windows, name: "test set", remedy: "raise data.test")
            },
            preprocessing: preprocessing)
    }

    func dataset(_ windows: TokenWindows, name: String, path: String? = nil, remedy: String? = nil) throws(DataError) -> Dataset {
        guard windows.windowCount > 0 else {
            let rest = remedy.map { ", or \($0)" } ?? ""
            throw DataError(
                .empty,
                "the \(name) is too short: it has \(windows.part.count) token\(windows.part.count == 1 ? "" : "s"), "
                    + "a window of \(length) and the token after it need \(length + 1)",
                path: path ?? spec.path, remedy: "Give it a longer text, give the model a shorter input\(rest).")
        }
        guard windows.windowCount <= Int(Int32.max) else {
            throw DataError(
                .specification, "the \(name) has \(windows.windowCount) windows, more than \(Int32.max)", path: path ?? spec.path,
                remedy: "Raise data.stride.")
        }
        return Dataset(
            name: name, featureShape: [length], count: windows.windowCount, features: .tokens(windows), targets: .nextTokens)
    }
}
