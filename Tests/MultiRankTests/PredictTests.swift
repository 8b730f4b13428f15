import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// `lockstep predict --prompt` as a user calls it: what the sampling options do, and what is said about wrong ones.
    @Suite struct Predict {
        @Test func optionsDecideWhatIsWritten() throws {
            try Workshop.open { shop in
                let run = try shop.trainBuiltIn("char-lstm", ScaledRecipe.charLSTM)
                func written(_ options: String...) throws -> String {
                    let result = try runProcess(
                        [shop.lockstep, "predict", run.path, "--prompt", "the ", "--length", "40"] + options, deadline: 60)
                    try #require(result.status == 0, "\(result)")
                    return result.output
                }
                let first = try written("--seed", "1")
                #expect(first.hasPrefix("the ") && first.count > 40)
                #expect(try written("--seed", "1") == first)
                #expect(try written("--seed", "2") != first)
                #expect(try written() == written("--seed", "0", "--temperature", "1"))
                // One token to choose from leaves nothing to chance, whichever option says so.
                let greedy = try written("--temperature", "0")
                #expect(greedy != first)
                for options in [["--temperature", "0", "--seed", "5"], ["--top-k", "1", "--seed", "6"], ["--top-p", "1e-6"]] {
                    let result = try runProcess(
                        [shop.lockstep, "predict", run.path, "--prompt", "the ", "--length", "40"] + options, deadline: 60)
                    #expect(result.output == greedy, "\(options): \(result)")
                }
                let both = try runProcess(
                    [
                        shop.lockstep, "predict", run.path, "--prompt", "the ", "--length", "8", "--samples", "2", "--temperature", "0.8",
                        "--top-k", "3", "--top-p", "0.9", "--seed", "9", "--json",
                    ], deadline: 60)
                let object = try #require(try JSONSerialization.jsonObject(with: Data(both.output.utf8)) as? [String: Any], "\(both)")
                #expect(object["temperature"] as? Double == 0.8 && object["top_p"] as? Double == 0.9)
                #expect(object["top_k"] as? Int == 3 && object["seed"] as? String == "9" && object["length"] as? Int == 8)
                let texts = try #require(object["samples"] as? [[String: Any]]).compactMap { $0["text"] as? String }
                #expect(texts.count == 2 && texts.allSatisfy { $0.count == 8 })
            }
        }

        /// Refused before the model is read, so that there need not be one.
        @Test(arguments: [
            ["--temperature", "-1"], ["--temperature", "nan"], ["--temperature", "warm"], ["--top-k", "0"], ["--top-k", "2.5"],
            ["--top-p", "0"], ["--top-p", "1.5"], ["--seed", "-1"], ["--length", "0"], ["--samples", "0"],
        ])
        func wrongValuesAreUsageErrors(options: [String]) throws {
            let result = try runProcess([Locations.lockstep(), "predict", "runs/none", "--prompt", "x"] + options, deadline: 60)
            #expect(result.status == 2 && result.output.isEmpty, "\(result)")
            #expect(result.everything.contains(options[0]), "\(result)")
        }

        @Test func samplingNeedsAPrompt() throws {
            let result = try runProcess([Locations.lockstep(), "predict", "runs/none", "--input", "x.txt", "--top-p", "0.5"], deadline: 60)
            #expect(result.status == 2 && result.everything.contains("--top-p is for writing text"), "\(result)")
        }
    }
}
