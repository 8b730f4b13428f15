import Checkpoints

/// `lockstep report RUN`: one HTML page that tells what happened in a run and what its model is worth.
///
/// The page needs nothing else: style, drawings and the few lines of script are in it. It is made from the files of the run directory alone,
/// so it can be made while the run goes on, and of a run that was killed.
package enum Report {
    /// The page.
    ///
    /// - Throws: `.unwritable` when a file of the run cannot be read.
    /// - Complexity: reads metrics.jsonl once; the page holds at most about a thousand points per curve, whatever the run's length.
    package static func html(_ directory: RunDirectory) throws(RunDirectoryError) -> String {
        let data = try ReportData(directory)
        let x = Axis.steps(data.lastStep)
        let marks = ReportMarks(data, x: x)
        let markLines = (all: marks.html(x: x, withBest: true), some: marks.html(x: x, withBest: false))
        let charts = charts(data).map { chart in
            chart.html(x: x, marks: chart.showsValidation ? markLines.all : markLines.some)
        }.joined(separator: "\n")
        let drawn = charts.isEmpty ? "<p class=\"card remark\">metrics.jsonl holds no steps yet.</p>" : charts
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>\(escapedHTML(data.name)) · Lockstep</title>
            <style>\(style)</style></head><body>
            <header>\(header(data))</header>
            <main>
            <section class="tiles" aria-label="Results">\(tiles(data))</section>
            \(notices(data))
            <section aria-labelledby="h-curves"><h2 id="h-curves">Training</h2>\(marks.legend)
            <div class="charts">\(drawn)\(rankBars(data))</div></section>
            <section aria-labelledby="h-events"><h2 id="h-events">The coordinator's decisions</h2>\(events(data))</section>
            <section aria-labelledby="h-quality"><h2 id="h-quality">Quality of the model</h2>\(quality(data))</section>
            <section aria-labelledby="h-run"><h2 id="h-run">How it was run</h2>\(provenance(data))</section>
            </main>
            <script id="marks" type="application/json">\(marks.hoverData)</script>
            <script>const LAST=\(data.lastStep);\(script)</script></body></html>

            """
    }

    /// Writes the page.
    ///
    /// - Parameter path: where; nil for report.html in the run directory.
    /// - Returns: the path.
    @discardableResult
    package static func write(_ directory: RunDirectory, to path: String? = nil) throws(RunDirectoryError) -> String {
        let target = path ?? directory.reportPath
        try directory.replace(target, with: Array(try html(directory).utf8))
        return target
    }
}
