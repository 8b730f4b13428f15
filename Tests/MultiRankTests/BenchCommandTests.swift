import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    /// The benchmarks as commands: what they print, not how fast that was.
    @Suite struct BenchCommands {
        private func bench(_ arguments: String...) throws -> ProcessResult {
            try runProcess([Locations.lockstep(), "bench"] + arguments, deadline: 120)
        }

        private func objects(_ result: ProcessResult) throws -> [[String: Any]] {
            try #require(result.status == 0, "\(result)")
            return try result.output.split(separator: "\n").map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "no JSON object: \(line)")
            }
        }

        @Test func aProfileCountsAndRates() throws {
            let rows = try objects(bench("step", "mlp-small", "batch=8", "--steps", "2", "--warmup", "1", "--profile", "--json"))
            #expect(rows.first?["workload"] as? String == "mlp-small batch=8" && rows.first?["batch"] as? Int == 8)
            let operations = rows.dropFirst()
            let products = operations.compactMap { $0["flops"] as? Int }.reduce(0, +)
            #expect(products == 2 * 8 * (3 * (784 * 64 + 64 * 64 + 64 * 10) - 784 * 64))
            for row in operations {
                for key in ["operation", "shape", "calls", "ms", "of_step", "flops", "bytes", "gflops", "gbytes", "share_of_peak"] {
                    #expect(row[key] != nil, "no \(key): \(row)")
                }
                let (bytes, rate) = (row["bytes"] as? Double ?? 0, row["gbytes"] as? Double ?? 0)
                let milliseconds = row["ms"] as? Double ?? 0
                #expect(abs(rate * milliseconds * 1e6 - bytes) <= 1e-6 * bytes, "\(row)")
            }
            let table = try bench("step", "mlp-small", "--steps", "2", "--warmup", "0", "--profile")
            #expect(table.status == 0 && table.output.contains("FLOPs") && table.output.contains("bytes"), "\(table)")
            #expect(table.output.contains("gradient norm") && table.output.contains("update"), "\(table)")
        }

        @Test func kernelsCanBeChosen() throws {
            let rows = try objects(bench("kernels", "--only", "layer normalisation gradient", "--seconds", "1e-4", "--json"))
            #expect(!rows.isEmpty)
            #expect(rows.allSatisfy { ($0["kernel"] as? String)?.hasPrefix("layer normalisation gradient") == true })
            #expect(Set(rows.compactMap { $0["dtype"] as? String }) == ["fp32", "bf16"])
            #expect(rows.allSatisfy { ($0["share"] as? Double ?? 0) > 0 && $0["limit"] as? String == "memory" })
            let table = try bench("kernels", "--only", "rmsprop", "--seconds", "1e-4")
            #expect(table.status == 0 && table.output.contains("GB/s") && table.output.contains("rmsprop"), "\(table)")
        }

        @Test func whatCannotBeMeasuredIsAUsageError() throws {
            let kernel = try bench("kernels", "--only", "atention")
            #expect(kernel.status == 2 && kernel.output.isEmpty && kernel.everything.contains("attention gradient"), "\(kernel)")
            let key = try bench("step", "resnet18", "batsh=3")
            #expect(key.status == 2 && key.everything.contains("`batch`"), "\(key)")
            let steps = try bench("step", "mlp", "--steps", "0")
            #expect(steps.status == 2 && steps.everything.contains("--steps"), "\(steps)")
        }
    }
}
