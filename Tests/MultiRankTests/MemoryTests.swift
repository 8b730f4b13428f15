import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// What a process holds is what was planned: its peak minus what it held before the arenas is at most 1.05 times the plan and 8 MiB.
    @Suite struct Memory {
        @Test(arguments: ["mlp-small", "mlp", "cnn", "lstm", "resnet18", "gpt-mini"], ["fp32", "bf16"])
        func aStepHoldsWhatIsPlanned(workload: String, precision: String) throws {
            try check([workload, "--precision", precision], np: nil)
        }

        /// The largest workload, at a batch of one sequence: its weights and moments are what counts.
        @Test func gpt2InBf16HoldsWhatIsPlanned() throws {
            let planned = try check(["gpt2", "batch=1", "--precision", "bf16"], np: nil)
            #expect(planned < 6_000_000_000)
        }

        /// What ranks exchange through belongs to the plan.
        @Test func twoRanksHoldWhatIsPlanned() throws {
            try check(["resnet18", "batch=2"], np: 2)
        }

        /// - Returns: the planned bytes.
        @discardableResult
        private func check(_ what: [String], np: Int?) throws -> Double {
            let command = [try Locations.lockstep(), "bench", "step"] + what + ["--steps", "2", "--warmup", "0", "--json"]
            let result = try np.map { try mpirun(np: $0, command) } ?? runProcess(command, deadline: 120)
            try #require(result.status == 0, "\(result)")
            let row = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            let (planned, grown) = (try #require(row["planned_bytes"] as? Double), try #require(row["grown_bytes"] as? Double))
            #expect(grown <= 1.05 * planned + 8 * 1024 * 1024, "\(what): \(grown) bytes for \(planned) planned")
            // Steps touch the arenas: were they not counted, the bound would say nothing.
            #expect(grown >= 0.5 * planned)
            return planned
        }
    }
}
