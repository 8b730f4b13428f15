import Crypto

extension Recipe {
    /// The whole recipe, every key with the value that holds.
    var resolved: ResolvedValue {
        .map([
            ("name", .text(name)), ("seed", .unsigned(seed)), ("data", data.resolved), ("model", network.resolved),
            ("loss", .text(loss.rawValue)), ("optimizer", optimizer.resolved(clipNorm: gradientClip)), ("schedule", schedule.resolved),
            ("batch", .integer(batch)), ("epochs", .optional(epochs) { .integer($0) }), ("steps", .optional(steps) { .integer($0) }),
            ("precision", .text(precision.rawValue)), ("init", .map([("from", .optional(initFrom) { .text($0) })])),
            ("parallel", parallel.resolved), ("quality", quality.resolved), ("checkpoint", checkpoint.resolved),
            ("output", .text(output)), ("run", .optional(run) { .text($0) }), ("log", log.resolved),
        ])
    }

    /// The recipe as YAML, complete: what a run directory keeps. Reading it back gives an equal recipe.
    package var resolvedYAML: String { resolved.document }

    /// SHA-256 (hex) of all of it: what ranks compare before they start.
    package var fullHash: String { Self.digest(resolvedYAML) }

    /// SHA-256 (hex) of the parts that define the arithmetic of a step. A checkpoint can be resumed by any recipe of the same hash.
    ///
    /// Left out: names, places (of data too: its fingerprint is compared by itself), cadences of logs and checkpoints, the coordinator's
    /// settings (its state is in the checkpoint), the number of virtual shards (so is that), what is computed twice, and the length of the
    /// run where no rate depends on it.
    package var hash: String {
        let text = resolved.leaves.filter { definesArithmetic($0.path) }.map { "\($0.path): \($0.value)\n" }.joined()
        return Self.digest(text)
    }

    private func definesArithmetic(_ path: String) -> Bool {
        switch path {
        case "name", "output", "run", "data.path", "data.test_path", "parallel.virtual_shards", "parallel.share", "model.recompute":
            return false
        case "epochs", "steps": return schedule.dependsOnLength
        case "parallel.bucket_bytes": return parallel.exchange == .allreduce
        default: break
        }
        return !["quality.", "checkpoint.", "log."].contains { path.hasPrefix($0) }
    }

    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// A key in which two recipes differ.
package struct RecipeDifference: Sendable, Equatable, CustomStringConvertible {
    /// Dotted; entries of lists by number.
    package let path: String
    /// The values as YAML; nil where the recipe has no such key (another optimiser's, a layer fewer).
    package let first: String?
    package let second: String?

    package var description: String { "\(path): \(first ?? "(none)") against \(second ?? "(none)")" }
}

extension Recipe {
    /// The keys in which two recipes differ, in the order of the recipe: for messages about ranks or checkpoints that do not fit.
    package static func differences(_ a: Recipe, _ b: Recipe) -> [RecipeDifference] {
        let first = a.resolved.leaves
        let second = b.resolved.leaves
        var ofSecond = Dictionary(uniqueKeysWithValues: second.map { ($0.path, $0.value) })
        var result: [RecipeDifference] = []
        for (path, value) in first {
            let other = ofSecond.removeValue(forKey: path)
            if other != value { result.append(RecipeDifference(path: path, first: value, second: other)) }
        }
        for (path, value) in second where ofSecond[path] != nil { result.append(RecipeDifference(path: path, first: nil, second: value)) }
        return result
    }

    /// The keys that differ and define the arithmetic: why ``hash`` differs.
    package static func arithmeticDifferences(_ a: Recipe, _ b: Recipe) -> [RecipeDifference] {
        differences(a, b).filter { a.definesArithmetic($0.path) || b.definesArithmetic($0.path) }
    }
}
