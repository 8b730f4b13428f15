extension CheckpointStore {
    /// Sets how far a checkpoint is trusted, in one step on the disk. Rank 0 only.
    ///
    /// - Returns: false when that checkpoint is not there (any more).
    @discardableResult
    package func mark(step: Int, as state: CheckpointState) throws(CheckpointError) -> Bool {
        guard case .success(var manifest) = readManifest(step: step) else { return false }
        guard manifest.state != state else { return true }
        manifest.state = state
        do throws(FileSystemError) {
            try fileSystem.replace(path(step: step) + "/" + CheckpointManifest.fileName, with: manifest.encoded())
        } catch {
            throw CheckpointError(
                saving: error, directory: directory, needed: 4096, free: fileSystem.freeBytes(at: directory),
                hasPrevious: !list().isEmpty)
        }
        return true
    }

    /// Called at a rollback to `step`: whatever was saved after it belongs to a future that will not happen, and becomes bad. Rank 0 only.
    ///
    /// - Returns: the steps of those checkpoints.
    @discardableResult
    package func abandon(after step: Int) throws(CheckpointError) -> [Int] {
        var abandoned: [Int] = []
        for manifest in list() where manifest.step > step && manifest.state != .bad {
            try mark(step: manifest.step, as: .bad)
            abandoned.append(manifest.step)
        }
        return abandoned
    }

    /// Removes what is not needed any more. Rank 0 only; ``save(_:problem:on:contents:)`` calls it.
    ///
    /// - Returns: the steps of the removed ones.
    @discardableResult
    package func prune() throws(CheckpointError) -> [Int] {
        let doomed = CheckpointStore.superfluous(list(), keep: keep)
        for step in doomed {
            do throws(FileSystemError) {
                // Without its manifest a checkpoint does not exist, so a removal that is interrupted leaves nothing that looks whole.
                try fileSystem.remove(path(step: step) + "/" + CheckpointManifest.fileName)
                try fileSystem.remove(path(step: step))
            } catch {
                throw CheckpointError(
                    .unwritable, path: error.path,
                    "cannot remove the old checkpoint \(path(step: step)): \(error.reason). Allow this user to write to \(directory).")
            }
        }
        return doomed
    }

    /// The steps that may go, earliest first. Pure.
    ///
    /// Kept are: the newest of all; the last `keep` good ones; and of the candidates after the newest good one the oldest (it is the next to
    /// be promoted, so there is always one on its way) and the newest `keep`. Without any good one yet, that is every candidate's chance.
    /// Bad ones go, unless one is all there is.
    static func superfluous(_ manifests: [CheckpointManifest], keep: Int) -> [Int] {
        let ordered = manifests.sorted { $0.isEarlier(than: $1) }
        let good = ordered.filter { $0.state == .good }
        let pending = ordered.filter { manifest in
            manifest.state == .candidate && (good.last.map { $0.isEarlier(than: manifest) } ?? true)
        }
        var kept = Set(good.suffix(keep).map(\.step))
        kept.formUnion(pending.suffix(keep).map(\.step))
        if let next = pending.first { kept.insert(next.step) }
        if let newest = ordered.last(where: { $0.state != .bad }) ?? ordered.last { kept.insert(newest.step) }
        return ordered.map(\.step).filter { !kept.contains($0) }
    }
}
