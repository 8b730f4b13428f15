import Collectives
import DataParallel
import Formats
import Glibc
import Recipes

/// The version of this program, as `run.json`, `--version` and the start-up comparison of ranks name it.
package let lockstepVersion = "0.1.0"

/// What must be the same on all ranks before the first step.
enum RunIdentity {
    /// A fingerprint of the running executable's bytes: two builds of one version differ.
    static func binary() -> String {
        var fingerprint = ReplicaFingerprint()
        fingerprint.combine(lockstepVersion)
        if let bytes = try? FileIO.read("/proc/self/exe") {
            bytes.withUnsafeBytes { raw in
                for at in stride(from: 0, to: raw.count - 7, by: 8) {
                    fingerprint.combine(raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                }
            }
        }
        return "\(lockstepVersion)-\(String(fingerprint.value, radix: 16))"
    }

    /// Compares recipe and program before anything expensive is done with them.
    static func requireSameProgram(_ recipe: Recipe, on group: any CollectiveGroup) throws {
        if group.size == 1 { return }
        try require(
            [("recipe", recipe.fullHash), ("binary", binary())], on: group,
            remedy: "Start all ranks with the same recipe, overrides and program; on several nodes, copy the same files to each.")
    }

    static func require(_ facts: [(fact: String, value: String)], on group: any CollectiveGroup, remedy: String) throws {
        let disagreements = try group.disagreements(on: facts)
        if disagreements.isEmpty { return }
        let named = disagreements.prefix(4).map(\.description).joined(separator: "; ")
        throw AgreedFailure(RunFailure(.usage, "The ranks of this run do not agree: \(named). \(remedy)"))
    }
}
