import DataPipeline
import Foundation
import Graphs
import Networks
import Optimizers
import Quality

extension Recipe {
    /// The built-in recipe of this name, or the one in the file at this path, with overrides laid over it.
    ///
    /// A built-in name wins over a file of the same name; `./digits` is always a file.
    /// - Parameter overrides: `key=value` or `--key=value`, applied in order.
    package static func load(_ nameOrPath: String, overrides: [String] = []) throws(RecipeError) -> Recipe {
        if let builtIn = builtIns.first(where: { $0.name == nameOrPath }) {
            return try parse(
                builtIn.yaml, source: RecipeSource(name: "recipe \(builtIn.name)", isFile: false), defaultName: builtIn.name,
                overrides: overrides)
        }
        let text = try read(nameOrPath)
        let fileName = nameOrPath.split(separator: "/").last.map(String.init) ?? nameOrPath
        let stem = fileName.firstIndex(of: ".").map { String(fileName[..<$0]) } ?? fileName
        return try parse(
            text, source: RecipeSource(name: nameOrPath, isFile: true), defaultName: stem.isEmpty ? "run" : stem, overrides: overrides)
    }

    /// A recipe from its text.
    /// - Parameter source: what messages call it.
    package static func parse(_ yaml: String, source: String = "recipe", overrides: [String] = []) throws(RecipeError) -> Recipe {
        try parse(yaml, source: RecipeSource(name: source, isFile: false), defaultName: "run", overrides: overrides)
    }

    /// A recipe that trains a network on made-up data: what a benchmark's workload comes to once keys of it are changed.
    package static func measuring(
        _ name: String, network: NetworkSpec, optimizer: OptimizerSpec, batch: Int, overrides: [String]
    ) throws(RecipeError) -> Recipe {
        let recipe = ResolvedValue.map([
            ("data", .text("synthetic")), ("model", network.resolved), ("loss", .text(network.loss.rawValue)),
            ("optimizer", optimizer.resolved(clipNorm: nil)), ("batch", .integer(batch)), ("steps", .integer(1)),
        ])
        return try parse(
            recipe.document, source: RecipeSource(name: "workload \(name)", isFile: false), defaultName: name, overrides: overrides)
    }

    private static func parse(
        _ yaml: String, source: RecipeSource, defaultName: String, overrides: [String]
    ) throws(RecipeError) -> Recipe {
        var tree = try SourceValue.parse(yaml: yaml, source: source)
        for argument in overrides { tree = try RecipeOverride(argument).applied(to: tree) }
        return try Recipe(
            try SectionReader(tree, RecipeSchema.section(""), origin: tree.origin), source: source.name, defaultName: defaultName)
    }

    private static func read(_ path: String) throws(RecipeError) -> String {
        let names = builtIns.map(\.name)
        let looksLikePath = path.contains("/") || path.hasSuffix(".yaml") || path.hasSuffix(".yml")
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            let hint =
                (nearestName(to: path, among: names) ?? nearestName(to: stem(path), among: names)).map { ": did you mean `\($0)`?" } ?? ""
            throw RecipeError(
                at: String?.none, "\(looksLikePath ? "there is no recipe file at" : "there is no recipe") `\(path)`\(hint)",
                remedy: "Built in are \(spoken(names, joint: "and"))")
        }
        guard !isDirectory.boolValue else {
            throw RecipeError(at: String?.none, "`\(path)` is a folder, not a recipe file", remedy: "A run's recipe is its recipe.yaml")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw RecipeError(at: path, "the recipe cannot be read", remedy: "See who may read it: ls -l \(path)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw RecipeError(at: path, "the recipe is not UTF-8 text") }
        return text
    }

    private static func stem(_ path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    }
}

extension Recipe {
    /// - Parameter root: the whole recipe, its keys known to be valid ones.
    init(_ root: SectionReader, source: String, defaultName: String) throws(RecipeError) {
        let built = try BuiltNetwork(root)
        let optimizer = try root.section("optimizer")
        let seed = try root.seed("seed") ?? 0
        self.init(
            name: try root.text("name") ?? defaultName, seed: seed,
            data: try DataSpec(try root.section("data"), task: built.task), network: built.spec, task: built.task,
            optimizer: try OptimizerSpec(optimizer), gradientClip: try optimizer.number("clip_norm", .positive),
            schedule: try ScheduleSpec(try root.section("schedule")),
            batch: try root.integer("batch", atLeast: 1, atMost: 1 << 31) ?? 32,
            epochs: try root.integer("epochs", atLeast: 1, atMost: 1_000_000_000),
            steps: try root.integer("steps", atLeast: 1), precision: try root.option("precision", "precision") ?? .fp32,
            initFrom: try root.section("init").text("from"), parallel: try ParallelSettings(try root.section("parallel")),
            quality: try QualitySettings(try root.section("quality")), checkpoint: try CheckpointSettings(try root.section("checkpoint")),
            output: try root.text("output") ?? "runs/", run: try root.text("run"), log: try LogSettings(try root.section("log")),
            source: source)
        try checkTogether(root, built: built)
    }

    /// What no single key can tell.
    private func checkTogether(_ root: SectionReader, built: BuiltNetwork) throws(RecipeError) {
        guard epochs != nil || steps != nil else {
            throw RecipeError(
                at: root.origin, "neither `epochs` nor `steps` is given, so the run would have no end",
                remedy: "Add epochs: 5, or steps: 1000")
        }
        if let shards = parallel.virtualShards, batch < shards {
            throw RecipeError(
                at: root.origin(of: "batch"), "`batch` is \(batch), smaller than `parallel.virtual_shards`, which is \(shards)",
                remedy: "Every shard needs a sample: set batch to at least \(shards), or virtual_shards to at most \(batch)")
        }
        if let run, run.contains("/") || run == "." || run == ".." {
            throw RecipeError(
                at: root.origin(of: "run"), "`run` is `\(run)`, but it names a folder inside `output`", remedy: "Use output=FOLDER run=NAME"
            )
        }
        try checkMetrics(root)
        try checkExclusions(root, built: built)
    }

    /// A metric that the run never computes would make a rule that never speaks.
    private func checkMetrics(_ root: SectionReader) throws(RecipeError) {
        let quality = try root.section("quality")
        if let stopping = self.quality.earlyStopping {
            try check(stopping.metric, key: "quality.early_stopping.metric", at: try quality.section("early_stopping").origin(of: "metric"))
        }
        for (index, alert) in self.quality.alerts.enumerated() {
            try check(alert.metric, key: "quality.alerts.\(index).when", at: quality.origin(of: "alerts"))
        }
        if case .reduceOnPlateau(let settings) = schedule.kind {
            let schedule = try root.section("schedule")
            guard let metric = try schedule.metric("metric") ?? (try? MetricName(settings.metric)) else { return }
            try check(metric, key: "schedule.metric", at: schedule.origin(of: "metric"))
        }
    }

    private func check(_ metric: MetricName, key: String, at place: Origin) throws(RecipeError) {
        guard metric.scope != .step else { return }
        let computed = task.metricNames
        guard computed.contains(metric.name) else {
            throw RecipeError(
                at: place, "`\(key)` is \(metric), which is not computed with the loss \(loss.rawValue)",
                remedy: "Computed are \(spoken(computed.map { "\(metric.scope.rawValue).\($0)" }, joint: "and"))")
        }
        if metric.scope == .validation, !data.hasValidation {
            throw RecipeError(at: place, "`\(key)` is \(metric), but no data is kept for validation", remedy: "Set data.validation=0.2")
        }
    }

    /// An exclusion that matches nothing is a slip of the pen, and what it was to protect would decay.
    private func checkExclusions(_ root: SectionReader, built: BuiltNetwork) throws(RecipeError) {
        guard let unmatched = built.unmatchedExclusions(optimizer).first else { return }
        let reader = try root.section("optimizer")
        throw RecipeError(
            at: reader.origin(of: "weight_decay_exclude"),
            "`optimizer.weight_decay_exclude` names `\(unmatched)`, which is no parameter of this network",
            remedy: "Parameters are \(spoken(built.parameterNames, joint: "and")); roles such as bias also work")
    }
}
