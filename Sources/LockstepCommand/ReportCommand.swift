import ArgumentParser
import Training

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Writes one self-contained HTML page about a run: curves, decisions, quality.")

    @Argument(help: ArgumentHelp("A run directory, for instance runs/digits-20261121-101500.", valueName: "run"))
    var directory: String

    @Option(name: .shortAndLong, help: "Where to write the page (default: report.html in the run directory).") var output: String?

    func run() throws {
        let path = try Report.write(RunDirectory.open(directory), to: output)
        print(path)
    }
}
