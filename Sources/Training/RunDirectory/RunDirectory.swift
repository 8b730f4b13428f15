import Checkpoints
import Foundation

/// The folder of one run: who makes it, what its files are called.
///
/// Rank 0 alone makes and writes it. Whole files are replaced in one step (a reader sees the old or the new bytes, also after a crash); the
/// two logs are only ever appended to.
package struct RunDirectory: Sendable {
    /// The folder, "runs/digits-20261121-041503".
    package let path: String
    let fileSystem: any FileSystem

    init(path: String, fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// The run's name: the folder's.
    package var name: String { fileName(path) }
    /// The resolved recipe.
    package var recipePath: String { path + "/recipe.yaml" }
    /// run.json: what was started where, and how it ended.
    package var runFactsPath: String { path + "/run.json" }
    package var summaryPath: String { path + "/summary.json" }
    package var metricsPath: String { path + "/metrics.jsonl" }
    /// The ledger.
    package var eventsPath: String { path + "/events.jsonl" }
    /// What the run leaves.
    package var modelPath: String { path + "/model.safetensors" }
    /// What was fitted to the training data, for evaluate and predict.
    package var preprocessingPath: String { path + "/preprocessing.json" }
    package var reportPath: String { path + "/report.html" }
    package var tensorBoardPath: String { path + "/tensorboard" }
    package var logsPath: String { path + "/logs" }
    package var checkpointsPath: String { path + "/checkpoints" }

    /// Whether there is anything to resume: the recipe is there.
    package var isResumable: Bool { fileSystem.exists(recipePath) }
}

extension RunDirectory {
    /// Makes the directory of a new run, or finds the one to resume.
    ///
    /// - Parameters:
    ///   - output: the folder above all runs; made if it is not there.
    ///   - run: the run's name; nil makes one of the recipe's name and the time, "digits-20261121-041503".
    ///   - recipeName: for the generated name.
    ///   - resuming: whether the run has to exist already (else it must not).
    ///   - date: the time for the generated name.
    /// - Throws: `.exists`, `.missing`, `.badName` (exit code 2), `.unwritable`, `.diskFull` (6).
    package static func create(
        output: String, run: String?, recipeName: String, resuming: Bool, date: Date = Date(),
        fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(RunDirectoryError) -> RunDirectory {
        let output = withoutTrailingSlash(output)
        if let run { try check(name: run) }
        if resuming { return try existing(output: output, run: run, fileSystem: fileSystem) }
        do throws(FileSystemError) { try fileSystem.makeDirectory(output) } catch {
            throw RunDirectoryError(
                error.code == ENOSPC || error.code == EDQUOT ? .diskFull : .unwritable, path: output,
                "cannot make the folder \(output) for runs: \(error.reason). "
                    + "Let output= name a folder that this user may write to.")
        }
        let generated = generatedName(recipe: recipeName, date: date)
        for attempt in 1...1000 {
            let name = run ?? (attempt == 1 ? generated : "\(generated)-\(attempt)")
            let path = output + "/" + name
            // The kernel decides who was first, so that two runs started together cannot share a folder.
            if mkdir(path, 0o777) == 0 {
                let directory = RunDirectory(path: path, fileSystem: fileSystem)
                try directory.makeFolders()
                return directory
            }
            let code = errno
            guard code == EEXIST else { throw RunDirectoryError(writing: path, code: code) }
            if run != nil {
                throw RunDirectoryError(
                    .exists, path: path,
                    "\(path) exists already. Choose another name with run=NAME, continue that run with --resume, or remove the folder.")
            }
        }
        throw RunDirectoryError(.exists, path: output, "\(output) holds a thousand runs named \(generated). Choose a name with run=NAME.")
    }

    /// A run directory that exists, for evaluate, predict and report.
    package static func open(
        _ path: String, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(RunDirectoryError) -> RunDirectory {
        let directory = RunDirectory(path: withoutTrailingSlash(path), fileSystem: fileSystem)
        guard fileSystem.isDirectory(directory.path) else {
            throw RunDirectoryError(.missing, path: path, "\(path) is not a folder. Name a run directory, runs/NAME for example.")
        }
        guard directory.isResumable else {
            throw RunDirectoryError(
                .missing, path: path, "\(path) is not a run directory: it has no recipe.yaml. Name one that `lockstep train` made.")
        }
        return directory
    }

    private static func existing(output: String, run: String?, fileSystem: any FileSystem) throws(RunDirectoryError) -> RunDirectory {
        guard let run else {
            throw RunDirectoryError(.missing, path: output, "--resume needs the run's name: add run=NAME.\(known(in: output, fileSystem))")
        }
        let directory = RunDirectory(path: output + "/" + run, fileSystem: fileSystem)
        guard fileSystem.isDirectory(directory.path), directory.isResumable else {
            throw RunDirectoryError(
                .missing, path: directory.path,
                "there is no run to resume at \(directory.path).\(known(in: output, fileSystem))")
        }
        try directory.makeFolders()
        return directory
    }

    private static func known(in output: String, _ fileSystem: any FileSystem) -> String {
        let names = (try? fileSystem.list(output)) ?? []
        let runs = names.filter { fileSystem.exists("\(output)/\($0)/recipe.yaml") }
        if runs.isEmpty { return " \(output) holds no run." }
        let shown = runs.suffix(8).joined(separator: ", ")
        return runs.count > 8 ? " \(output) holds \(runs.count) runs, the last are \(shown)." : " \(output) holds \(shown)."
    }

    private func makeFolders() throws(RunDirectoryError) {
        do throws(FileSystemError) {
            for folder in [checkpointsPath, tensorBoardPath, logsPath] { try fileSystem.makeDirectory(folder) }
        } catch { throw RunDirectoryError(error) }
    }

    private static func check(name: String) throws(RunDirectoryError) {
        let isPlain = name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46 || $0 == 95
        }
        guard isPlain, let first = name.first, first != ".", first != "-", name.utf8.count <= 128 else {
            throw RunDirectoryError(
                .badName, path: name,
                "run=\(name): a run's name has letters, digits, '.', '_' and '-', starts with a letter or digit, and is at most 128 long. "
                    + "The folder above it is set with output=.")
        }
    }

    private static func withoutTrailingSlash(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path.isEmpty ? "." : path
    }

    /// "digits-20261121-041503", local time.
    static func generatedName(recipe: String, date: Date) -> String {
        let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func padded(_ value: Int?, _ width: Int) -> String {
            let digits = String(value ?? 0)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = padded(parts.year, 4) + padded(parts.month, 2) + padded(parts.day, 2)
        let time = padded(parts.hour, 2) + padded(parts.minute, 2) + padded(parts.second, 2)
        let plain = recipe.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") ? $0 : "-" }
        let stem = String(plain.drop { $0 == "-" }.prefix(64))
        return "\(stem.isEmpty ? "run" : stem)-\(day)-\(time)"
    }
}
