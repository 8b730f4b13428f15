import ArgumentParser
import Formats
import Foundation
import Training

/// Starts `bench step` under mpirun once per number of ranks and kind of scaling, in turn, so that a slow minute hits all alike.
struct ScalingBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling", abstract: "Strong and weak scaling over numbers of ranks, with efficiency and the share of exchange.")

    @Option(help: "Numbers of ranks, for instance 1,2,4.") var ranks = "1,2"
    @Option(help: "A workload of bench step, or a recipe.") var workload = "mlp"
    @Option(help: "Timed steps of each measurement.") var steps = 50
    @Option(help: "Rounds; the median of each row is shown.") var rounds = 3
    @Option(help: "A hostfile for mpirun.") var hostfile: String?
    @Flag(help: "One JSON object a row on standard output and nothing else.") var json = false

    private var counts: [Int] { ranks.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    func validate() throws {
        guard !counts.isEmpty, counts.count == ranks.split(separator: ",").count else {
            throw ValidationError("--ranks takes numbers from 1 with commas between them, for instance 1,2,4; got \"\(ranks)\".")
        }
        guard rounds > 0, steps > 0 else { throw ValidationError("--rounds and --steps need at least 1.") }
    }

    func run() throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        var samples: [String: [JSONValue]] = [:]
        let kinds = ScalingReport.Kind.allCases
        for _ in 0..<rounds {
            for kind in kinds {
                for count in counts {
                    samples["\(kind.rawValue)\(count)", default: []].append(try measure(kind, ranks: count, cores: cores))
                }
            }
        }
        let rows = kinds.flatMap { kind in counts.map { row(kind, ranks: $0, cores: cores, samples["\(kind.rawValue)\($0)"] ?? []) } }
        let report = ScalingReport(workload: workload, cores: cores, rows: rows)
        if json {
            for row in rows { print(report.json(row).serialized()) }
        } else {
            print(report.table)
        }
    }

    /// The round with the median step time stands for all.
    private func row(_ kind: ScalingReport.Kind, ranks: Int, cores: Int, _ rounds: [JSONValue]) -> ScalingReport.Row {
        func figure(_ value: JSONValue, _ key: String) -> Double { value[key]?.doubleValue ?? .nan }
        let middle = rounds.sorted { figure($0, "step_ms") < figure($1, "step_ms") }[rounds.count / 2]
        let step = figure(middle, "step_ms")
        return ScalingReport.Row(
            kind: kind, ranks: ranks, stepMilliseconds: step, perSecond: figure(middle, "per_second"),
            exchangeShare: figure(middle, "exchange_ms") / step, isOversubscribed: hostfile == nil && ranks > cores)
    }

    private func measure(_ kind: ScalingReport.Kind, ranks: Int, cores: Int) throws -> JSONValue {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        var arguments = ["mpirun", "-np", "\(ranks)"]
        if let hostfile { arguments += ["--hostfile", hostfile] }
        if hostfile == nil {
            arguments +=
                ranks > cores ? ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"] : ["--bind-to", "core"]
        }
        arguments += [executablePath, "bench", "step", workload, "--steps", "\(steps)", "--json"]
        if kind == .strong { arguments.append("--split") }
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw RunFailure(
                .environment, "mpirun could not be started (\(error)). Run cluster/install, or add Open MPI's bin folder to PATH.")
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let line = text.split(separator: "\n").last(where: { $0.hasPrefix("{") }) else {
            throw RunFailure(
                .environment,
                "\(arguments.joined(separator: " ")) ended with status \(process.terminationStatus). Run that line by itself to see why.")
        }
        return try JSONValue.parse(String(line))
    }

    private var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}
