import Crypto
import Foundation
import Formats

/// How far a checkpoint is trusted.
package enum CheckpointState: String, Codable, Sendable {
    /// Saved, but not yet proved: a fault that began before it may show only after it.
    case candidate
    /// Nothing went wrong for longer than it takes to notice. A rollback goes to one of these.
    case good
    /// Saved after the onset of a fault. Never used.
    case bad
}

/// A file of a checkpoint and what its bytes have to be.
package struct CheckpointFile: Codable, Sendable, Equatable {
    package var name: String
    package var bytes: Int
    /// Hexadecimal.
    package var sha256: String
}

/// What a checkpoint is: where the run stood, with which model and settings, and the digest of every file.
///
/// It is written last and makes the checkpoint exist. It carries its own digest, so an altered manifest is noticed like any other file.
package struct CheckpointManifest: Codable, Sendable, Equatable {
    package static let currentFormat = 1

    package var formatVersion = CheckpointManifest.currentFormat
    /// The steps done, skipped ones included: the state is the one after this step.
    package var step: Int
    /// The absolute id of the next batch to be read.
    package var batch: Int
    /// The epoch of that batch, counted from 1.
    package var epoch: Int
    /// How often the run was rolled back or resumed before.
    package var generation: Int
    /// The updates the optimiser has made: t of its recurrences.
    package var optimizerUpdates: Int
    package var virtualShards: Int
    package var ranks: Int
    /// The level of the kernels. Resuming at another one gives other bits.
    package var instructionSet: String
    package var recipeHash: String
    package var layoutFingerprint: String
    package var dataFingerprint: String
    package var seed: UInt64
    /// The quality controller, as JSON that only it reads.
    package var controller: String
    /// Partial sums of the epoch under way, as JSON that only the trainer reads.
    package var accumulators: String
    /// Whatever else the trainer has to find again.
    package var extra: [String: String]

    // Set by the store.
    package var state = CheckpointState.candidate
    package var files: [CheckpointFile] = []
    /// When it was saved: UTC, ISO 8601.
    package var created = ""
    /// The digest of this manifest with this field empty.
    package var digest = ""

    package init(
        step: Int, batch: Int, epoch: Int, generation: Int, optimizerUpdates: Int, virtualShards: Int, ranks: Int, instructionSet: String,
        recipeHash: String, layoutFingerprint: String, dataFingerprint: String, seed: UInt64, controller: String = "{}",
        accumulators: String = "{}", extra: [String: String] = [:]
    ) {
        self.step = step
        self.batch = batch
        self.epoch = epoch
        self.generation = generation
        self.optimizerUpdates = optimizerUpdates
        self.virtualShards = virtualShards
        self.ranks = ranks
        self.instructionSet = instructionSet
        self.recipeHash = recipeHash
        self.layoutFingerprint = layoutFingerprint
        self.dataFingerprint = dataFingerprint
        self.seed = seed
        self.controller = controller
        self.accumulators = accumulators
        self.extra = extra
    }

    package static let fileName = "manifest.json"

    /// "step-00000500".
    package var folderName: String { CheckpointManifest.folderName(step: step) }

    package static func folderName(step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    /// The step of a checkpoint folder's name, nil for any other name.
    static func step(folderName: String) -> Int? {
        guard folderName.hasPrefix("step-") else { return nil }
        let digits = folderName.dropFirst(5)
        guard digits.count >= 8, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(digits)
    }

    /// Later in the run: a later generation first of all, since a step of an earlier one may have been rolled back.
    func isEarlier(than other: CheckpointManifest) -> Bool { (generation, step) < (other.generation, other.step) }
}

extension CheckpointManifest {
    /// The same with its own digest filled in.
    func sealed() -> CheckpointManifest {
        var copy = self
        copy.digest = ""
        copy.digest = sha256Hex(copy.plain())
        return copy
    }

    /// The file's bytes.
    func encoded() -> [UInt8] { sealed().plain() }

    private func plain() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("CheckpointManifest: a manifest holds only text and integers, which can always be encoded")
        }
        return Array(data) + [10]
    }

    /// Reads and checks a manifest; the reason when it is not a sound one.
    static func decode(_ bytes: [UInt8]) -> Result<CheckpointManifest, ManifestProblem> {
        struct Version: Decodable { var formatVersion: Int }
        let data = Data(bytes)
        guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
            return .failure(ManifestProblem(reason: "not a checkpoint manifest (truncated or altered)"))
        }
        guard version.formatVersion == currentFormat else {
            return .failure(
                ManifestProblem(
                    reason: "format version \(version.formatVersion), this program reads \(currentFormat); use the version that saved it"))
        }
        guard let manifest = try? JSONDecoder().decode(CheckpointManifest.self, from: data) else {
            return .failure(ManifestProblem(reason: "not a checkpoint manifest (truncated or altered)"))
        }
        var blank = manifest
        blank.digest = ""
        guard sha256Hex(blank.plain()) == manifest.digest else {
            return .failure(ManifestProblem(reason: "the manifest was altered: its digest is not the one it states"))
        }
        return .success(manifest)
    }

    struct ManifestProblem: Error { var reason: String }
}
