extension Report {
    /// The charts of a run; one that has nothing to show is left out.
    static func charts(_ data: ReportData) -> [ReportChart] {
        [loss(data), accuracy(data), learningRate(data), gradientNorm(data), rankTimes(data), throughput(data)].compactMap { $0 }
    }

    private static func stepCurve(_ data: ReportData, _ value: (ReportData.Step) -> Double) -> ReportCurve {
        ReportCurve(data.steps.map { ($0.step, $0.generation, value($0)) }, in: data)
    }

    private static func checkCurve(_ data: ReportData, _ checks: [ReportData.Check], _ name: String) -> ReportCurve {
        ReportCurve(checks.map { ($0.step, $0.generation, $0[name] ?? .nan) }, in: data)
    }

    /// Every step pale and thin, means bold on top of it; few steps are just a line.
    private static func noisy(_ curve: ReportCurve, label: String, colour: String) -> (series: [ReportChart.Series], remark: String) {
        let count = curve.current.reduce(0) { $0 + $1.count }
        guard count > 60 else {
            return ([.init(label: label, colour: colour, style: .line, curve: curve.thinned())], "")
        }
        let (means, window) = curve.smoothed()
        return (
            [
                .init(label: label, colour: colour, style: .faint, curve: curve.thinned(), isNamed: false),
                .init(label: label, colour: colour, style: .line, curve: means),
            ], window > 1 ? "Pale: every step. Bold: mean over \(window) steps." : ""
        )
    }

    private static func loss(_ data: ReportData) -> ReportChart? {
        let train = stepCurve(data) { $0.loss }
        let validation = checkCurve(data, data.validations, "loss")
        let values = train.values + validation.values
        guard let least = values.min(), let most = values.max() else { return nil }
        let isWide = least > 0 && most > 30 * least
        var (series, remark) = noisy(train, label: "train", colour: "train")
        if !validation.isEmpty {
            series.append(.init(label: "validation", colour: "validation", style: .dotted, curve: validation.thinned()))
        }
        let missing = data.steps.count { !$0.loss.isFinite }
        if missing > 0 { remark += " At \(MetricText.counted(missing, "step")) the loss was not a finite number: gaps in the curve." }
        return ReportChart(
            id: "loss", title: "Loss", unit: isWide ? "per sample, log scale" : "per sample",
            y: isWide ? .logarithmic(values) : .linear(values, fromZero: least >= 0 && least < most / 3), series: series, isWide: true,
            remark: remark)
    }

    private static func accuracy(_ data: ReportData) -> ReportChart? {
        let train = stepCurve(data) { $0.accuracy }
        let validation = checkCurve(data, data.validations, "accuracy")
        if train.isEmpty, validation.isEmpty { return quality(data) }
        var (series, remark) = train.isEmpty ? ([], "") : noisy(train, label: "train, running", colour: "train")
        if !validation.isEmpty {
            series.append(.init(label: "validation", colour: "validation", style: .dotted, curve: validation.thinned()))
        }
        // The single steps' noise would set the scale; the means and the validation are what is looked at.
        let values = series.filter(\.isNamed).flatMap(\.curve.values)
        if !remark.isEmpty { remark += " A batch's own accuracy may lie below the scale." }
        return ReportChart(
            id: "accuracy", title: "Accuracy", unit: "percent of samples", y: .linear(values.map { $0 * 100 }, limit: 100),
            series: series.map { scaled($0, by: 100) }, format: { decimalText($0, digits: 4) + " %" }, remark: remark)
    }

    /// For a task without accuracy: the coefficient of determination.
    private static func quality(_ data: ReportData) -> ReportChart? {
        let validation = checkCurve(data, data.validations, "r2")
        guard !validation.isEmpty else { return nil }
        return ReportChart(
            id: "r2", title: "R²", unit: "share of the variance explained", y: .linear(validation.values, limit: 1),
            series: [.init(label: "validation", colour: "validation", style: .dotted, curve: validation.thinned())])
    }

    private static func scaled(_ series: ReportChart.Series, by factor: Double) -> ReportChart.Series {
        func scaled(_ pieces: [[ReportPoint]]) -> [[ReportPoint]] {
            pieces.map { piece in piece.map { ReportPoint(x: $0.x, y: $0.y * factor) } }
        }
        var copy = series
        copy.curve = ReportCurve(current: scaled(series.curve.current), abandoned: scaled(series.curve.abandoned))
        return copy
    }

    private static func learningRate(_ data: ReportData) -> ReportChart? {
        let curve = stepCurve(data) { $0.learningRate }
        guard let least = curve.values.min(), let most = curve.values.max() else { return nil }
        let isWide = least > 0 && most > 30 * least
        return ReportChart(
            id: "rate", title: "Learning rate", unit: isWide ? "as applied, log scale" : "as applied",
            y: isWide ? .logarithmic(curve.values) : .linear(curve.values, fromZero: true),
            series: [.init(label: "learning rate", colour: "rate", style: .line, curve: curve.thinned())])
    }

    private static func gradientNorm(_ data: ReportData) -> ReportChart? {
        let curve = stepCurve(data) { $0.gradNorm > 0 ? $0.gradNorm : .nan }
        guard !curve.isEmpty else { return nil }
        let (series, remark) = noisy(curve, label: "gradient norm", colour: "gradient")
        return ReportChart(
            id: "gradient", title: "Gradient norm", unit: "Euclidean, before clipping, log scale", y: .logarithmic(curve.values),
            series: series, remark: remark)
    }

    private static func throughput(_ data: ReportData) -> ReportChart? {
        let curve = stepCurve(data) { $0.samplesPerSecond }
        guard !curve.isEmpty else { return nil }
        let (series, remark) = noisy(curve, label: "samples per second", colour: "speed")
        let values = series.filter(\.isNamed).flatMap(\.curve.values)
        return ReportChart(
            id: "speed", title: "Throughput", unit: "samples per second, all ranks", y: .linear(values, fromZero: true), series: series,
            format: { $0 >= 1000 ? MetricText.grouped(Int($0)) : decimalText($0, digits: 3) }, remark: remark)
    }

    /// Computing time of each rank over the steps; with many ranks the slowest, the middle and the fastest.
    private static func rankTimes(_ data: ReportData) -> ReportChart? {
        let count = data.ranks.map(\.compute.count).max() ?? 0
        guard count > 0 else { return nil }
        func curve(_ value: ([Double]) -> Double) -> ReportCurve {
            ReportCurve(data.ranks.map { ($0.step, $0.generation, value($0.compute)) }, in: data).thinned()
        }
        var series: [ReportChart.Series] = []
        if count <= 6 {
            for rank in 0..<count {
                series.append(
                    .init(
                        label: "rank \(rank)", colour: "c\(rank)", style: .line, curve: curve { rank < $0.count ? $0[rank] : .nan }))
            }
        } else {
            series = [
                .init(label: "slowest rank", colour: "c1", style: .line, curve: curve { $0.max() ?? .nan }),
                .init(label: "middle rank", colour: "c0", style: .line, curve: curve { $0.sorted()[$0.count / 2] }),
                .init(label: "fastest rank", colour: "c2", style: .line, curve: curve { $0.min() ?? .nan }),
            ]
        }
        let window = data.ranks.map(\.steps).max() ?? 1
        return ReportChart(
            id: "ranks", title: "Computing time by rank", unit: "milliseconds per step, waiting excluded",
            y: .linear(series.flatMap(\.curve.values), fromZero: true), series: series,
            remark: window > 1 ? "Means over \(window) steps." : "")
    }
}
