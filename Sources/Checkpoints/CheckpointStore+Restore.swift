import Collectives
import Formats
import Foundation
import TensorCore

extension CheckpointStore {
    /// The newest checkpoint whose every file has the digest its manifest states.
    ///
    /// - Parameters:
    ///   - limit: only checkpoints of this step or an earlier one; nil for any.
    ///   - goodOnly: candidates are left out (for a rollback). Bad ones always are.
    /// - Returns: it, or nil; and the newer ones that had to be passed over, each with the damaged file and why.
    /// - Complexity: reads every file of each checkpoint it looks at.
    package func newestUsable(
        before limit: Int? = nil, goodOnly: Bool = false
    ) -> (checkpoint: CheckpointManifest?, passedOver: [PassedOver]) {
        let found = newestReadable(before: limit, goodOnly: goodOnly)
        return (found.checkpoint?.manifest, found.passedOver)
    }

    /// Reads one checkpoint and verifies it.
    package func load(step: Int) throws(CheckpointError) -> Checkpoint {
        switch readManifest(step: step) {
        case .success(let manifest):
            let files = try readFiles(manifest)
            return Checkpoint(
                manifest: manifest, contents: try CheckpointStore.decode(files, path: path(step: step)), path: path(step: step))
        case .failure(let error):
            throw CheckpointError(error.kind, path: error.path, "\(error.path): \(error.text). Use another checkpoint of the run.")
        }
    }

    /// Finds the newest usable checkpoint and gives it to every rank.
    ///
    /// Collective. Rank 0 reads and verifies, the others receive the bytes, so only rank 0 needs to reach the run directory.
    ///
    /// - Returns: on every rank the same. nil when there is nothing usable.
    package func restoreNewest(
        before limit: Int? = nil, goodOnly: Bool = false, on group: any CollectiveGroup
    ) throws(CheckpointError) -> (checkpoint: Checkpoint?, passedOver: [PassedOver]) {
        guard group.size > 1 else { return try decoded(newestReadable(before: limit, goodOnly: goodOnly)) }
        var found: Found = (nil, [])
        var head: [UInt8] = []
        if group.rank == 0 {
            found = newestReadable(before: limit, goodOnly: goodOnly)
            let header = Header(manifest: found.checkpoint?.manifest, passedOver: found.passedOver)
            head = (try? JSONEncoder().encode(header)).map { Array($0) } ?? []
        }
        do throws(CollectiveError) {
            let bytes = try group.broadcastBytes(head, from: 0)
            if group.rank != 0, let header = try? JSONDecoder().decode(Header.self, from: Data(bytes)) {
                found = (header.manifest.map { ($0, []) }, header.passedOver)
            }
            if let manifest = found.checkpoint?.manifest {
                var files: [NamedBytes] = []
                for (index, file) in manifest.files.enumerated() {
                    let mine = group.rank == 0 ? found.checkpoint?.files[index].bytes ?? [] : []
                    files.append((file.name, try group.broadcastBytes(mine, from: 0)))
                }
                found.checkpoint?.files = files
            }
        } catch {
            throw CheckpointError(.collective, path: directory, "the ranks could not share a checkpoint: \(error)")
        }
        return try decoded(found)
    }

    typealias NamedBytes = (name: String, bytes: [UInt8])
    typealias Found = (checkpoint: (manifest: CheckpointManifest, files: [NamedBytes])?, passedOver: [PassedOver])

    private struct Header: Codable {
        var manifest: CheckpointManifest?
        var passedOver: [PassedOver]
    }

    private func decoded(_ found: Found) throws(CheckpointError) -> (checkpoint: Checkpoint?, passedOver: [PassedOver]) {
        guard let (manifest, files) = found.checkpoint else { return (nil, found.passedOver) }
        let path = path(step: manifest.step)
        return (
            Checkpoint(manifest: manifest, contents: try CheckpointStore.decode(files, path: path), path: path), found.passedOver
        )
    }

    private func newestReadable(before limit: Int?, goodOnly: Bool) -> Found {
        let (sound, broken) = survey()
        var passedOver: [PassedOver] = []
        var chosen: (manifest: CheckpointManifest, files: [NamedBytes])?
        for manifest in sound.reversed() where manifest.state != .bad && manifest.step <= limit ?? .max {
            if goodOnly, manifest.state != .good { continue }
            do throws(CheckpointError) {
                let files = try readFiles(manifest)
                // Digests vouch for the bytes, not for the program that wrote them.
                _ = try CheckpointStore.decode(files, path: path(step: manifest.step))
                chosen = (manifest, files)
                break
            } catch {
                passedOver.append(PassedOver(path: error.path, reason: error.text))
            }
        }
        // A folder without a sound manifest matters only where it could have been the newer choice.
        let floor = chosen?.manifest.step ?? -1
        for (step, reason) in broken where step > floor && step <= limit ?? .max { passedOver.append(reason) }
        return (chosen, passedOver)
    }

    /// The files of a checkpoint, each verified; the error names the damaged one, its text being the bare reason.
    private func readFiles(_ manifest: CheckpointManifest) throws(CheckpointError) -> [NamedBytes] {
        var files: [NamedBytes] = []
        for file in manifest.files {
            let path = path(step: manifest.step) + "/" + file.name
            guard fileSystem.exists(path) else { throw CheckpointError(.damaged, path: path, "the file is missing") }
            let bytes: [UInt8]
            do throws(FileSystemError) { bytes = try fileSystem.read(path) } catch {
                throw CheckpointError(.inputOutput, path: path, error.reason)
            }
            guard bytes.count == file.bytes else {
                let what = bytes.count < file.bytes ? "truncated" : "too long"
                throw CheckpointError(.damaged, path: path, "\(what): \(bytes.count) bytes, the manifest says \(file.bytes)")
            }
            guard sha256Hex(bytes) == file.sha256 else {
                throw CheckpointError(.damaged, path: path, "altered: its SHA-256 is not the one in the manifest")
            }
            files.append((file.name, bytes))
        }
        return files
    }

    private static func decode(_ files: [NamedBytes], path: String) throws(CheckpointError) -> CheckpointContents {
        var contents = CheckpointContents(model: [], optimizer: [])
        for (name, bytes) in files {
            let tensors: [Tensor]
            do { tensors = try Safetensors.decode(bytes).tensors } catch {
                throw CheckpointError(.damaged, path: path + "/" + name, "not a sound safetensors file: \(error)")
            }
            switch name {
            case CheckpointContents.modelFile: contents.model = tensors
            case CheckpointContents.optimizerFile: contents.optimizer = tensors
            case CheckpointContents.bestFile: contents.best = tensors
            default: break
            }
        }
        return contents
    }
}
