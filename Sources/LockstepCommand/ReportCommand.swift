import ArgumentParser
import Training

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Writes one self-contained HTML page about a run: curves, decisions, quality.")

    @Argument(help: "A run directory, for instance runs/digits-20261121-101500.") var run: String
    @Option(name: .shortAndLong, help: "Where to write the page (default: report.html in the run directory).") var output: String?

    func run() throws {
        let path = try Report.write(RunDirectory.open(run), to: output)
        print(path)
    }
}
