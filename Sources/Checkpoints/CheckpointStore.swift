/// The checkpoints of a run: one folder each, below `checkpoints/`.
///
/// Rank 0 writes, since replicas are identical. A checkpoint is made in a hidden folder beside the others and gets its name only when every
/// file and, last, the manifest are on the disk; so a folder of the right name is either whole or was damaged afterwards, and digests tell
/// which. Whatever an interrupted save left behind is never read and is removed at the next start.
///
/// ```
/// checkpoints/step-00000500/manifest.json  model.safetensors  optimizer.safetensors  [best.safetensors]
/// checkpoints/.partial-step-00001000/      being saved, or left by a save that was interrupted
/// checkpoints/.replaced-step-00000500/     the earlier one of that step, until the new one has its name
/// ```
package struct CheckpointStore: Sendable {
    package let directory: String
    /// The good checkpoints that are kept.
    package let keep: Int
    let fileSystem: any FileSystem

    /// - Parameters:
    ///   - directory: the run's `checkpoints` folder; made by ``prepare()`` or the first save.
    ///   - keep: how many good ones to keep, at least 1.
    package init(directory: String, keep: Int = 3, fileSystem: any FileSystem = POSIXFileSystem()) {
        precondition(keep >= 1, "CheckpointStore: keep is \(keep); at least one checkpoint has to be kept to resume from")
        self.directory = directory
        self.keep = keep
        self.fileSystem = fileSystem
    }

    package func path(step: Int) -> String { directory + "/" + CheckpointManifest.folderName(step: step) }
    func partialPath(step: Int) -> String { directory + "/.partial-" + CheckpointManifest.folderName(step: step) }
    func replacedPath(step: Int) -> String { directory + "/.replaced-" + CheckpointManifest.folderName(step: step) }

    /// Makes the folder and clears what interrupted saves left. Rank 0 calls it once at the start.
    package func prepare() throws(CheckpointError) {
        do throws(FileSystemError) {
            try fileSystem.makeDirectory(directory)
            for name in try fileSystem.list(directory) {
                let path = directory + "/" + name
                if name.hasPrefix(".partial-") {
                    try fileSystem.remove(path)
                } else if name.hasPrefix(".replaced-") {
                    // The save died between taking the name from the old one and giving it to the new one: the old one gets it back.
                    let original = directory + "/" + name.dropFirst(".replaced-".count)
                    if fileSystem.exists(original) {
                        try fileSystem.remove(path)
                    } else {
                        try fileSystem.rename(path, to: original)
                    }
                } else if let step = CheckpointManifest.step(folderName: name) {
                    try fileSystem.remove(self.path(step: step) + "/" + CheckpointManifest.fileName + ".tmp")
                }
            }
            try fileSystem.synchronise(directory: directory)
        } catch {
            throw CheckpointError(
                saving: error, directory: directory, needed: 0, free: fileSystem.freeBytes(at: directory),
                hasPrevious: !list().isEmpty)
        }
    }

    /// The manifests that can be read, earliest in the run first (by generation, then step). Files are not verified.
    package func list() -> [CheckpointManifest] { survey().sound }

    /// Reads every manifest. Folders without one that can be read are listed with the reason.
    func survey() -> (sound: [CheckpointManifest], broken: [(step: Int, PassedOver)]) {
        var sound: [CheckpointManifest] = []
        var broken: [(step: Int, PassedOver)] = []
        guard fileSystem.isDirectory(directory) else { return ([], []) }
        let names: [String]
        do throws(FileSystemError) { names = try fileSystem.list(directory) } catch {
            return ([], [(0, PassedOver(path: directory, reason: error.reason))])
        }
        for name in names {
            guard let step = CheckpointManifest.step(folderName: name) else { continue }
            switch readManifest(step: step) {
            case .success(let manifest): sound.append(manifest)
            case .failure(let error): broken.append((step, PassedOver(path: error.path, reason: error.text)))
            }
        }
        return (sound.sorted { $0.isEarlier(than: $1) }, broken)
    }

    /// The manifest of a step; the error's text is the bare reason.
    func readManifest(step: Int) -> Result<CheckpointManifest, CheckpointError> {
        let path = path(step: step) + "/" + CheckpointManifest.fileName
        guard fileSystem.exists(path) else {
            return .failure(CheckpointError(.missing, path: path, "there is no manifest, so the checkpoint was never completed"))
        }
        let bytes: [UInt8]
        do throws(FileSystemError) { bytes = try fileSystem.read(path) } catch {
            return .failure(CheckpointError(.inputOutput, path: path, error.reason))
        }
        switch CheckpointManifest.decode(bytes) {
        case .failure(let problem): return .failure(CheckpointError(.damaged, path: path, problem.reason))
        case .success(let manifest) where manifest.step != step:
            return .failure(CheckpointError(.damaged, path: path, "the manifest is that of step \(manifest.step)"))
        case .success(let manifest): return .success(manifest)
        }
    }
}
