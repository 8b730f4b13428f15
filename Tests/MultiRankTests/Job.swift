import Foundation
import TestSupport
import Testing

/// All tests that start the built command, with or without mpirun: one after the other, each with a deadline.
@Suite(.serialized) enum MultiRankTests {}

/// What the jobs of these tests train: a small network with dropout on the bundled digits, a batch that no rank count divides, four
/// virtual shards. 32 steps per epoch (1,150 samples), so that multiples of 50 lie inside epochs.
let recipeWithDropout = """
    name: with-dropout
    seed: 7
    data: {format: digits, validation: 0.2, shuffle: true}
    model:
      input: [8, 8, 1]
      layers:
        - conv2d: {filters: 8, kernel: 3, activation: relu}
        - maxpool2d: 2
        - flatten
        - dropout: 0.25
        - dense: {units: 32, activation: relu}
        - dropout: 0.5
        - dense: 10
    loss: softmax_cross_entropy
    optimizer: {name: adam, learning_rate: 2e-3}
    batch: 37
    epochs: 2
    parallel: {virtual_shards: 4}
    checkpoint: {every_steps: 50, keep: 3}
    log: {tensorboard: false}

    """
let stepsPerEpoch = 32

/// A temporary folder with the recipe in it, in which runs are made.
struct Workshop {
    let folder: String
    let lockstep: String
    var recipe: String { folder + "/recipe.yaml" }

    /// Calls `body` with a new workshop and cleans up after it.
    static func open(_ body: (Workshop) throws -> Void) throws {
        let lockstep = try Locations.lockstep()
        try withTemporaryDirectory { folder in
            let workshop = Workshop(folder: folder, lockstep: lockstep)
            try writeText(recipeWithDropout, to: workshop.recipe)
            try body(workshop)
        }
    }

    /// The command line of a training run of this name.
    func train(_ run: String, _ more: [String] = []) -> [String] {
        [lockstep, "train", recipe, "output=\(folder)/runs", "run=\(run)"] + more
    }

    func directory(_ run: String) -> RunFolder { RunFolder(path: "\(folder)/runs/\(run)") }

    /// Trains to the end on `np` ranks (nil: a plain start), expects success, and returns the run.
    @discardableResult
    func finish(_ run: String, np: Int?, _ more: [String] = [], deadline: Double = 120) throws -> RunFolder {
        let command = train(run, more)
        let result = try np.map { try mpirun(np: $0, command, deadline: deadline) } ?? runProcess(command, deadline: deadline)
        try #require(result.status == 0, "\(result)")
        return directory(run)
    }
}

/// A run directory, read as an outsider reads it.
struct RunFolder {
    let path: String

    func json(_ name: String) throws -> [String: Any] {
        let bytes = Data(try readText(path + "/" + name).utf8)
        return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any], "\(path)/\(name) is no JSON object")
    }

    func lines(_ name: String) throws -> [[String: Any]] {
        try readText(path + "/" + name).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "no JSON object: \(line)")
        }
    }

    func weights() throws -> String {
        let hash = try #require(try json("summary.json")["weights_sha256"] as? String)
        #expect(hash.count == 64)
        return hash
    }

    func stopReason() throws -> String? { try json("summary.json")["stop_reason"] as? String }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    /// Steps of the complete checkpoints, ascending.
    func checkpoints() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []
        return names.filter { has("checkpoints/\($0)/manifest.json") }.compactMap { Int($0.dropFirst("step-".count)) }.sorted()
    }

    /// The losses of all steps, the highest generation's where a step has several lines.
    func losses() throws -> [Int: Double] {
        var result: [Int: Double] = [:]
        for line in try lines("metrics.jsonl") where line["event"] as? String == "step" {
            if let step = line["step"] as? Int, let loss = line["loss"] as? Double { result[step] = loss }
        }
        return result
    }
}
