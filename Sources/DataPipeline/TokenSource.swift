import Formats
import Foundation

/// Text that another tool has turned into numbers: one file of tokens, or a folder of them (shards), read in the order of their names as
/// one text.
///
/// In a folder, files with the word `val`, `valid` or `validation` in their name are the validation set and those with `test` the test
/// set, which is how the tools that write shards name them.
enum TokenSource {
    static func load(_ spec: DataSpec, task: TaskKind) throws(DataError) -> LoadedData {
        guard case .tokens(let vocabulary, _) = task else { preconditionFailure("tokens for \(task.description)") }
        let element = spec.element ?? standardElement(vocabulary)
        let path = spec.path!
        let parts = TokenParts(
            spec: spec, task: task,
            preprocessing: Preprocessing(task: task, featureShape: [task.positions], tokenElement: element))
        func read(_ files: [String]) throws(DataError) -> TokenArray? {
            guard !files.isEmpty else { return nil }
            return try Self.read(files, element: element, vocabulary: vocabulary)
        }
        var test: TokenArray?
        if case .file(let file)? = spec.test { test = try read(shards(of: file)) }
        guard FileIO.isDirectory(path) else {
            return try parts.divide(try Self.read([path], element: element, vocabulary: vocabulary), test: test)
        }
        let files = try shards(of: path)
        let validation = files.filter { words(of: $0).contains { ["val", "valid", "validation"].contains($0) } }
        let tests = files.filter { words(of: $0).contains("test") }
        let training = files.filter { !validation.contains($0) && !tests.contains($0) }
        guard let tokens = try read(training) else {
            throw DataError(
                .missing, "all \(files.count) token files here are for validation or test, by their names", path: path,
                remedy: "Add the training part, or name one file with data.path.")
        }
        if test == nil, spec.test == nil { test = try read(tests) }
        return try parts.divide(tokens, validation: spec.validation > 0 ? try read(validation) : nil, test: test)
    }

    /// 16 bits as long as they hold every token.
    static func standardElement(_ vocabulary: Int) -> TokenShard.Element { vocabulary <= 1 << 16 ? .uint16 : .uint32 }

    static func read(_ files: [String], element: TokenShard.Element, vocabulary: Int) throws(DataError) -> TokenArray {
        var tokens = TokenArray(vocabulary: vocabulary)
        for file in files { try reading { () throws(FormatError) in try TokenShard.read(file, element: element, into: &tokens) } }
        return tokens
    }

    /// The token files of a folder in the order of their names, or the file itself.
    static func shards(of path: String) throws(DataError) -> [String] {
        guard FileIO.isDirectory(path) else { return [path] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let files = names.filter { name in [".bin", ".npy", ".bin.gz", ".npy.gz"].contains { name.hasSuffix($0) } }.sorted()
        guard !files.isEmpty else {
            throw DataError(
                .missing, "there is no file of tokens (.bin or .npy) in this folder", path: path,
                remedy: "Set data.path to the folder that holds the shards, or to one file.")
        }
        return files.map { "\(path)/\($0)" }
    }

    /// The words of a file's name: "fineweb_val_000000.bin" has "fineweb", "val", "bin".
    private static func words(of path: String) -> [String] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.lowercased().split { !$0.isLetter }.map(String.init)
    }
}
