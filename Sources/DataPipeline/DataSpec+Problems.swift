extension DataSpec {
    /// One thing wrong with the section: the key (below `data.`) and a sentence.
    package struct Problem: Hashable, Sendable {
        package var key: String
        package var message: String
    }

    /// All that can be said against the section without looking at any data, in the order of its keys.
    package func problems() -> [Problem] {
        var found: [Problem] = []
        func check(_ holds: Bool, _ key: String, _ message: String) {
            if !holds { found.append(Problem(key: key, message: message)) }
        }

        let isText = format == .text || format == .tokens
        let needsPath = format == .idx || format == .csv || format == .npy || isText
        check(path != nil || !needsPath, "path", "the format \(format.rawValue) needs the path of its data")
        check(path == nil || needsPath, "path", "the format \(format.rawValue) reads no files")
        check(path != "", "path", "the path is empty")
        check(validation >= 0 && validation < 1, "validation", "\(validation) is no part of the samples: 0 up to below 1 is")
        if let normalize { found += problems(of: normalize) }
        switch test {
        case .fraction(let part)?:
            check(part >= 0 && part < 1, "test", "\(part) is no part of the samples: 0 up to below 1 is")
            check(needsPath, "test", "the format \(format.rawValue) has a test set of its own")
            check(part + validation < 1, "test", "test and validation together leave nothing to train on")
        case .file?:
            check(
                format == .csv || isText, "test", "only csv, text and tokens take a test set from a file; idx and npy find theirs by name")
        case nil: break
        }

        let isTable = format == .csv
        check(isTable || target == nil, "target", "only csv has columns")
        check(isTable || categorical.isEmpty, "categorical", "only csv has columns")
        check(isTable || ignore.isEmpty, "ignore", "only csv has columns")
        if isText {
            check(split == nil || split == .tail, "split", "a text is cut into parts, not shuffled: only tail is possible")
            check(normalize == nil, "normalize", "tokens are not normalised")
        }
        check(isText || length == nil, "length", "only text and tokens have windows")
        check(isText || stride == nil, "stride", "only text and tokens have windows")
        check(length.map { $0 >= 1 } ?? true, "length", "a window has at least 1 token")
        check(stride.map { $0 >= 1 } ?? true, "stride", "windows lie at least 1 token apart")
        check(format == .tokens || vocabulary == nil, "vocabulary", "only tokens have a vocabulary of their own")
        check(vocabulary.map { $0 >= 1 } ?? true, "vocabulary", "there is at least 1 token")
        check(format == .tokens || element == nil, "element", "only files of tokens have elements")
        check(!isTable || normalize == nil, "normalize", "csv columns are standardised one by one: see standardize")
        check(separator.utf8.count == 1, "separator", "the separator is one ASCII character")

        if format == .synthetic {
            check(samples >= 1, "samples", "\(samples) samples are too few")
            check(testSamples >= 0, "test_samples", "a number of samples is not negative")
            check(noise.map { $0 >= 0 && $0.isFinite } ?? true, "noise", "noise is a finite number from 0 up")
            check(kind != .chain || (noise ?? 0) <= 1, "noise", "of tokens at most all can be noise")
            check(kind != .linearBinary || (noise ?? 0) < 0.5, "noise", "turning half of the labels or more leaves nothing to learn")
        } else {
            check(kind == nil, "kind", "only synthetic data has a kind")
        }
        return found
    }

    private func problems(of normalize: Normalization) -> [Problem] {
        var found: [Problem] = []
        if normalize.mean.isEmpty || normalize.std.isEmpty {
            found.append(Problem(key: "normalize", message: "mean and std both need at least one number"))
        } else if normalize.mean.count != normalize.std.count, normalize.mean.count > 1, normalize.std.count > 1 {
            found.append(
                Problem(
                    key: "normalize", message: "mean has \(normalize.mean.count) numbers, std \(normalize.std.count): they need as many"))
        }
        if !normalize.mean.allSatisfy(\.isFinite) {
            found.append(Problem(key: "normalize.mean", message: "every mean has to be a finite number"))
        }
        if !normalize.std.allSatisfy({ $0.isFinite && $0 > 0 }) {
            found.append(Problem(key: "normalize.std", message: "every std has to be a finite number above 0"))
        }
        return found
    }
}

extension DataSpec {
    /// What is wrong with the section for a model that does this: the formats and sizes that do not fit.
    package func problems(with task: TaskKind) -> [Problem] {
        let isText = format == .text || format == .tokens
        guard case .tokens(let vocabulary, let length) = task else {
            guard isText else { return [] }
            return [
                Problem(
                    key: "format",
                    message: "\(format.rawValue) is for models that read tokens and predict the next one at every position "
                        + "(an embedding first, softmax_cross_entropy last), this one makes \(task.description)")
            ]
        }
        var found: [Problem] = []
        if !isText, format != .synthetic {
            found.append(
                Problem(key: "format", message: "the model reads tokens, \(format.rawValue) has none: use text, tokens or synthetic"))
        }
        if let own = self.length, own != length {
            found.append(Problem(key: "length", message: "windows of \(own) tokens do not fit model.input, which is [\(length)]"))
        }
        if let own = self.vocabulary, own != vocabulary {
            found.append(
                Problem(
                    key: "vocabulary",
                    message: "the data has \(own) tokens, the model \(vocabulary): set the vocabulary of its embedding and the units of "
                        + "its last layer to \(own)"))
        }
        return found
    }
}
