import ArgumentParser
import Kernels
import Lockstep
import Training

/// Runs alone, without MPI: one core's kernels.
struct KernelBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Each kernel at the shapes of the workloads and at powers of two, as a share of what the core can do at that moment.")

    @Option(help: "Only kernels whose name and shape contain these words: attention, product gpt-mini, gradient 512, adam, …") var only = ""
    @Option(help: "Seconds for each measurement.") var seconds = 0.05
    @Flag(help: "One JSON object a row on standard output and nothing else.") var json = false

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("--seconds has to be above 0.") }
    }

    func run() throws {
        let level = try InstructionSet.effective()
        let bench = KernelBench(kernels: FloatKernels(level), seconds: seconds)
        var isFirst = true
        try bench.run(filter: only) { row in
            if isFirst, !json { print("\(level.name) kernels\n\(KernelBench.Row.heading)") }
            isFirst = false
            print(json ? row.json.serialized() : row.line)
        }
    }
}
