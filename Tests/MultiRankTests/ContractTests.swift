import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// A run directory in the eyes of outside tools.
    @Suite struct Contract {
        @Test func aRunDirectoryHoldsTheContract() throws {
            guard let check = Locations.shared("contract/check_run.py") else { return skip("../shared/contract/check_run.py is not here") }
            guard let python = Locations.peersPython ?? Locations.program("python3") else { return skip("no python3") }
            let tensorBoard = Locations.peersPython != nil
            try Workshop.open { shop in
                let run = try shop.finish("run", np: 2, ["log.tensorboard=true"])
                let result = try runProcess([python, check, run.path] + (tensorBoard ? ["--tensorboard"] : []), deadline: 120)
                #expect(result.status == 0, "\(result)")
                #expect(result.output.contains("\(2 * stepsPerEpoch) steps, 2 validations"), "\(result)")
            }
        }

        @Test func jsonModeWritesJSONAndNothingElse() throws {
            try Workshop.open { shop in
                let result = try mpirun(np: 2, shop.train("run", ["--json"]))
                #expect(result.status == 0, "\(result)")
                let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
                #expect(object?["weights_sha256"] as? String == (try shop.directory("run").weights()), "\(result)")
            }
        }
    }
}
