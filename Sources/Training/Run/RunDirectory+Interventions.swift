import Formats
import Foundation
import Quality

/// The interventions of control lie beside the checkpoints, not in them: going back to a checkpoint must not undo them.
extension RunDirectory {
    private var interventionsPath: String { path + "/interventions.json" }

    func write(_ interventions: Interventions) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try FileIO.write(Array(try encoder.encode(interventions)), to: interventionsPath, mode: .atomic)
    }

    /// Nil if control never intervened.
    func readInterventions() throws -> Interventions? {
        guard FileIO.exists(interventionsPath) else { return nil }
        return try JSONDecoder().decode(Interventions.self, from: Data(try FileIO.read(interventionsPath)))
    }
}
