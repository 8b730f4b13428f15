import Collectives
import Formats
import Foundation
import TensorCore

extension CheckpointStore {
    /// Saves a checkpoint, or leaves no trace of it: all ranks know which.
    ///
    /// Collective: every rank calls it after the same step. Rank 0 writes the files; then all agree (any rank may refuse); only then rank 0
    /// writes the manifest and gives the folder its name, and all agree again. A checkpoint of that step from an earlier generation is
    /// replaced. Old ones are pruned afterwards.
    ///
    /// - Parameters:
    ///   - manifest: where the run stands; only rank 0's is used.
    ///   - problem: a reason why this rank's state must not be saved ("its weights differ from rank 0's").
    ///   - group: the ranks of the run.
    ///   - contents: the tensors; called on rank 0 only.
    /// - Returns: the manifest as written (on other ranks as rank 0 wrote it).
    /// - Throws: on every rank the same error. The previous checkpoint is intact.
    @discardableResult
    package func save(
        _ manifest: CheckpointManifest, problem: String? = nil, on group: any CollectiveGroup, contents: () -> CheckpointContents
    ) throws(CheckpointError) -> CheckpointManifest {
        var failure = problem.map {
            CheckpointError(
                .refused, path: path(step: manifest.step),
                "the checkpoint of step \(manifest.step) was not saved: rank \(group.rank) on \(group.hostName) refused: \($0)")
        }
        var complete = manifest
        if group.rank == 0, failure == nil {
            do throws(CheckpointError) { complete.files = try writeFiles(of: contents(), step: manifest.step) } catch { failure = error }
        }
        if let error = try agree(failure, on: group) {
            if group.rank == 0 { try? fileSystem.remove(partialPath(step: manifest.step)) }
            throw error
        }
        if group.rank == 0 {
            complete.state = .candidate
            complete.created = timestamp(Date())
            complete = complete.sealed()
            do throws(CheckpointError) { try publish(complete) } catch { failure = error }
        }
        if let error = try agree(failure, on: group) { throw error }
        if group.rank == 0 {
            // A checkpoint is there; that an old one could not be removed is found out by whoever needs the room.
            _ = try? prune()
        }
        return try received(complete, on: group)
    }

    /// Writes the tensor files into the hidden folder and returns their sizes and digests.
    private func writeFiles(of contents: CheckpointContents, step: Int) throws(CheckpointError) -> [CheckpointFile] {
        let folder = partialPath(step: step)
        var files: [CheckpointFile] = []
        do throws(FileSystemError) {
            try fileSystem.remove(folder)
            try fileSystem.makeDirectory(folder)
            for (name, tensors) in contents.files {
                let bytes = encode(tensors, name: name)
                try fileSystem.write(bytes, to: folder + "/" + name)
                files.append(CheckpointFile(name: name, bytes: bytes.count, sha256: sha256Hex(bytes)))
            }
            try fileSystem.synchronise(directory: folder)
        } catch {
            // What is half written takes room that the run may need for its last files.
            try? fileSystem.remove(folder)
            throw CheckpointError(
                saving: error, directory: directory, needed: contents.approximateBytes, free: fileSystem.freeBytes(at: directory),
                hasPrevious: !list().isEmpty)
        }
        return files
    }

    private func encode(_ tensors: [Tensor], name: String) -> [UInt8] {
        do { return try Safetensors.encode(tensors, metadata: ["format": "pt"]) } catch {
            preconditionFailure("CheckpointStore: \(name) cannot be encoded: \(error)")
        }
    }

    /// The second phase: the manifest, then the name.
    private func publish(_ manifest: CheckpointManifest) throws(CheckpointError) {
        let folder = partialPath(step: manifest.step)
        let target = path(step: manifest.step)
        let replaced = replacedPath(step: manifest.step)
        var isNamed = false
        do throws(FileSystemError) {
            try fileSystem.write(manifest.encoded(), to: folder + "/" + CheckpointManifest.fileName)
            try fileSystem.synchronise(directory: folder)
            if fileSystem.exists(target) {
                try fileSystem.remove(replaced)
                try fileSystem.rename(target, to: replaced)
            }
            try fileSystem.rename(folder, to: target)
            isNamed = true
            try fileSystem.synchronise(directory: directory)
        } catch {
            // All ranks will believe that it does not exist, so it must not.
            if isNamed { try? fileSystem.remove(target) }
            if fileSystem.exists(replaced), !fileSystem.exists(target) { try? fileSystem.rename(replaced, to: target) }
            try? fileSystem.remove(folder)
            throw CheckpointError(
                saving: error, directory: directory, needed: 4096, free: fileSystem.freeBytes(at: directory),
                hasPrevious: !list().isEmpty)
        }
        try? fileSystem.remove(replaced)
    }

    /// Rank 0's manifest on every rank.
    private func received(_ manifest: CheckpointManifest, on group: any CollectiveGroup) throws(CheckpointError) -> CheckpointManifest {
        guard group.size > 1 else { return manifest }
        do throws(CollectiveError) {
            let bytes = try group.broadcastBytes(group.rank == 0 ? manifest.encoded() : [], from: 0)
            if case .success(let manifest) = CheckpointManifest.decode(bytes) { return manifest }
        } catch {
            throw CheckpointError(.collective, path: path(step: manifest.step), "after saving the checkpoint: \(error)")
        }
        return manifest
    }
}

extension CheckpointStore {
    /// The failure of the lowest rank that has one, on every rank; nil when no rank has one.
    func agree(_ failure: CheckpointError?, on group: any CollectiveGroup) throws(CheckpointError) -> CheckpointError? {
        guard group.size > 1 else { return failure }
        do throws(CollectiveError) {
            let first = try group.allReduceMin(failure == nil ? Int64.max : Int64(group.rank))
            guard first != Int64.max else { return nil }
            let message = failure.map { [$0.kind.rawValue, $0.path, $0.text].joined(separator: "\u{0}") } ?? ""
            let text = String(decoding: try group.broadcastBytes(Array(message.utf8), from: Int(first)), as: UTF8.self)
            let parts = text.split(separator: "\u{0}", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let kind = CheckpointError.Kind(rawValue: parts[0]) else {
                return CheckpointError(.collective, path: directory, "rank \(first) could not take part in the checkpoint")
            }
            return CheckpointError(kind, path: parts[1], parts[2])
        } catch {
            throw CheckpointError(.collective, path: directory, "the ranks could not agree on a checkpoint: \(error)")
        }
    }
}

/// UTC, ISO 8601, seconds: "2026-11-21T04:15:03Z".
package func timestamp(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle()) }
