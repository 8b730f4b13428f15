import Formats
import Foundation

/// What was done to raw data before the model saw it, fitted on the training split where it is fitted at all. Saved with the model and
/// applied again to whatever is evaluated or predicted.
package struct Preprocessing: Hashable, Sendable, Codable {
    /// The version of this record's form.
    package var version = 1
    package var task: TaskKind
    /// Extents of one sample.
    package var featureShape: [Int]
    /// What bytes are divided by; nil when the features were no bytes.
    package var divisor: Float?
    package var normalize: DataSpec.Normalization?
    /// How the columns of a table become features; nil when the data was no table.
    package var table: TableEncoding?
    /// The characters of a text and so the numbers of its tokens; nil when the data was no text.
    package var alphabet: Alphabet?
    /// The words of token files; nil when the data was none.
    package var tokenElement: TokenShard.Element?
    /// The target columns of a table.
    package var targetNames: [String]
    /// The classes in order of their index; for a binary task the names of 0 and 1; empty for a regression and for tokens.
    package var classNames: [String]
    /// Whether targets are written as those names rather than as indices.
    package var labelsAreNames: Bool

    init(
        task: TaskKind, featureShape: [Int], divisor: Float? = nil, normalize: DataSpec.Normalization? = nil, table: TableEncoding? = nil,
        targetNames: [String] = [], classNames: [String]? = nil, alphabet: Alphabet? = nil, tokenElement: TokenShard.Element? = nil
    ) {
        self.task = task
        self.featureShape = featureShape
        self.divisor = divisor
        self.normalize = normalize
        self.table = table
        self.alphabet = alphabet
        self.tokenElement = tokenElement
        self.targetNames = targetNames
        self.labelsAreNames = classNames != nil
        switch task {
        case .classification(let classes): self.classNames = classNames ?? (0..<classes).map { String($0) }
        case .binary: self.classNames = classNames ?? ["0", "1"]
        case .regression, .tokens: self.classNames = []
        }
    }

    /// Bytes to inputs; the divisor is 1 when there were none.
    var scaling: ByteScaling { ByteScaling(divisor: divisor ?? 1, normalize: normalize) }

    // MARK: - Saved form

    /// The record as a JSON document with sorted keys, so that equal records are equal bytes.
    package func json() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("Preprocessing holds a number that is not finite: \(self)") }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// - Throws: `DataError` (malformed) for a document that is no such record.
    package init(json: String) throws(DataError) {
        do {
            self = try JSONDecoder().decode(Preprocessing.self, from: Data(json.utf8))
        } catch {
            throw DataError(
                .malformed, "this is no record of preprocessing: \(Self.reason(error))",
                remedy: "Restore the file from the run that wrote it.")
        }
        guard version == 1 else {
            throw DataError(
                .malformed, "the record of preprocessing has version \(version), this Lockstep reads version 1",
                remedy: "Use the Lockstep that wrote it.")
        }
    }

    /// Reads a saved record.
    package static func read(_ path: String) throws(DataError) -> Preprocessing {
        let bytes = try reading { () throws(FormatError) in try FileIO.read(path) }
        do throws(DataError) {
            return try Preprocessing(json: String(decoding: bytes, as: UTF8.self))
        } catch {
            var named = error
            named.path = path
            throw named
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "it has no \"\(key.stringValue)\""
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has the wrong type"
        default: "it is not the JSON that Lockstep writes"
        }
    }
}
