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

        let needsPath = format == .idx || format == .csv || format == .npy
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
            check(format == .csv, "test", "only csv takes its test set from a file; idx and npy find theirs by name")
        case nil: break
        }

        let isTable = format == .csv
        check(isTable || target == nil, "target", "only csv has columns")
        check(isTable || categorical.isEmpty, "categorical", "only csv has columns")
        check(isTable || ignore.isEmpty, "ignore", "only csv has columns")
        check(!isTable || normalize == nil, "normalize", "csv columns are standardised one by one: see standardize")
        check(separator.utf8.count == 1, "separator", "the separator is one ASCII character")

        if format == .synthetic {
            check(samples >= 1, "samples", "\(samples) samples are too few")
            check(testSamples >= 0, "test_samples", "a number of samples is not negative")
            check(noise.map { $0 >= 0 && $0.isFinite } ?? true, "noise", "noise is a finite number from 0 up")
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
