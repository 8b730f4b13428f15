import Checkpoints
import Formats
import TensorCore

extension RunDirectory {
    /// Replaces a file of the run in one step.
    func replace(_ path: String, with bytes: [UInt8]) throws(RunDirectoryError) {
        do throws(FileSystemError) { try fileSystem.replace(path, with: bytes) } catch {
            throw RunDirectoryError(writing: path, code: error.code)
        }
    }

    /// Writes recipe.yaml.
    package func writeRecipe(_ yaml: String) throws(RunDirectoryError) { try replace(recipePath, with: Array(yaml.utf8)) }

    /// Writes preprocessing.json: what was fitted to the training data.
    package func writePreprocessing(_ json: String) throws(RunDirectoryError) {
        try replace(preprocessingPath, with: Array(json.utf8))
    }

    /// Writes model.safetensors.
    ///
    /// - Parameters:
    ///   - tensors: parameters and buffers, as the layout's `fileTensors` gives them.
    ///   - buffers: the names of those that are not trained.
    ///   - metadata: more for the header; `format: pt` is always there.
    /// - Returns: `weights_sha256`, `buffers_sha256` (nil without buffers) and the file's size.
    @discardableResult
    package func writeModel(
        _ tensors: [Tensor], buffers: Set<String> = [], metadata: [String: String] = [:]
    ) throws(RunDirectoryError) -> (weightsSHA256: String, buffersSHA256: String?, bytes: Int) {
        let bytes: [UInt8]
        do {
            bytes = try Safetensors.encode(tensors, metadata: metadata.merging(["format": "pt"]) { mine, _ in mine })
        } catch { throw RunDirectoryError(.damaged, path: modelPath, "cannot encode the model for \(modelPath): \(error)") }
        try replace(modelPath, with: bytes)
        let untrained = tensors.filter { buffers.contains($0.name) }
        return (
            weightsDigest(tensors.filter { !buffers.contains($0.name) }), untrained.isEmpty ? nil : weightsDigest(untrained), bytes.count
        )
    }

    /// Writes run.json.
    package func write(_ facts: RunFacts) throws(RunDirectoryError) { try replace(runFactsPath, with: document(facts.json)) }

    /// The run.json that is there, nil when there is none or it cannot be read.
    package func readFacts() -> RunFacts? {
        guard let json = try? JSONValue.read(runFactsPath) else { return nil }
        return RunFacts(json: json)
    }

    /// Writes summary.json.
    package func write(_ summary: RunSummary) throws(RunDirectoryError) { try replace(summaryPath, with: document(summary.json)) }

    private func document(_ json: JSONValue) -> [UInt8] { Array((json.serialized(indent: 2) + "\n").utf8) }
}
