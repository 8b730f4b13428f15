import DataPipeline
import Graphs
import Quality

extension DataSpec {
    /// Formats that the design names and a later version reads.
    private static let laterFormats = ["images"]

    init(_ reader: SectionReader, task: TaskKind) throws(RecipeError) {
        let format: Format = try reader.option("format", "data format", later: Self.laterFormats) ?? (task.isTokens ? .synthetic : .digits)
        try reader.check(variant: format.rawValue)
        self.init(format: format)
        path = try reader.text("path")
        validation = try reader.number("validation", .fraction) ?? validation
        shuffle = try reader.boolean("shuffle") ?? shuffle
        split = try reader.section("split").option("how", "way to split")
        normalize = try Self.normalization(reader)
        test = try Self.testSource(reader)
        target = try reader.text("target")
        categorical = try reader.texts("categorical") ?? categorical
        ignore = try reader.texts("ignore") ?? ignore
        separator = try reader.text("separator") ?? separator
        standardize = try reader.boolean("standardize") ?? standardize
        inputs = try reader.text("inputs") ?? inputs
        targets = try reader.text("targets") ?? targets
        testInputs = try reader.text("test_inputs") ?? testInputs
        testTargets = try reader.text("test_targets") ?? testTargets
        length = try reader.integer("length", atLeast: 1, atMost: 1 << 24)
        stride = try reader.integer("stride", atLeast: 1, atMost: 1 << 31)
        vocabulary = try reader.integer("vocabulary", atLeast: 1, atMost: 1 << 30)
        element = try reader.option("element", "type of tokens")
        kind = try reader.option("kind", "kind of synthetic data")
        samples = try reader.integer("samples", atLeast: 1, atMost: 1 << 31) ?? samples
        testSamples = try reader.integer("test_samples", atLeast: 0, atMost: 1 << 31) ?? testSamples
        noise = try reader.number("noise", .notNegative) ?? noise
        if path == nil, Self.fileFormats.contains(format) {
            let isFile = [.csv, .text].contains(format)
            throw RecipeError(
                at: reader.origin,
                "`data.path` is missing: data of format \(format.rawValue) are read from \(isFile ? "a file" : "a folder")",
                remedy: "Set data.path=\(isFile ? "FILE" : "FOLDER")")
        }
        if let problem = problems().first ?? problems(with: task).first {
            let key = String(problem.key.split(separator: ".").first ?? "")
            throw RecipeError(
                at: reader.section.key(key) == nil ? reader.origin : reader.origin(of: key), "`data.\(problem.key)`: \(problem.message)")
        }
    }

    private static let fileFormats: [Format] = [.idx, .csv, .npy, .text, .tokens]

    private static func normalization(_ reader: SectionReader) throws(RecipeError) -> Normalization? {
        guard reader.value("normalize") != nil else { return nil }
        let section = try reader.section("normalize")
        try required("mean", section, example: "data.normalize={mean: 0.1307, std: 0.3081}")
        try required("std", section, example: "data.normalize={mean: 0.1307, std: 0.3081}")
        let mean = try section.numbers("mean") ?? []
        let deviation = try section.numbers("std", .positive) ?? []
        return Normalization(mean: mean.map { Float($0) }, std: deviation.map { Float($0) })
    }

    /// A number is a part of the data, anything else a file.
    private static func testSource(_ reader: SectionReader) throws(RecipeError) -> TestSource? {
        guard case .scalar(let scalar)? = reader.value("test")?.content, scalar.kind == .number else {
            return try reader.text("test").map { .file($0) }
        }
        return try reader.number("test", Bounds(above: 0, below: 1)).map { .fraction($0) }
    }

    package var hasValidation: Bool { validation > 0 }

    var resolved: ResolvedValue {
        var members: [(String, ResolvedValue)] = [("format", .text(format.rawValue))]
        let files = Self.fileFormats.contains(format)
        if files { members.append(("path", .optional(path) { .text($0) })) }
        members += [
            ("validation", .number(validation)), ("shuffle", .boolean(shuffle)),
            ("split", .map([("how", .text(effectiveSplit.rawValue))])),
        ]
        if [.digits, .idx, .npy].contains(format) { members.append(("normalize", .optional(normalize) { $0.resolved })) }
        if files { members.append(("test", .optional(test) { $0.resolved })) }
        switch format {
        case .csv:
            members += [
                ("target", .optional(target) { .text($0) }), ("categorical", .texts(categorical)), ("ignore", .texts(ignore)),
                ("separator", .text(separator)), ("standardize", .boolean(standardize)),
            ]
        case .npy:
            members += [
                ("inputs", .text(inputs)), ("targets", .text(targets)), ("test_inputs", .text(testInputs)),
                ("test_targets", .text(testTargets)),
            ]
        case .text, .tokens:
            members += [
                ("length", .optional(length) { .integer($0) }), ("stride", .optional(stride) { .integer($0) }),
            ]
            if format == .tokens {
                members += [
                    ("vocabulary", .optional(vocabulary) { .integer($0) }), ("element", .optional(element) { .text($0.rawValue) }),
                ]
            }
        case .synthetic:
            members += [
                ("kind", .optional(kind) { .text($0.rawValue) }), ("samples", .integer(samples)), ("test_samples", .integer(testSamples)),
                ("noise", .optional(noise) { .number($0) }),
            ]
        case .digits, .idx: break
        }
        return .map(members)
    }
}

extension DataSpec.Normalization {
    var resolved: ResolvedValue {
        // Through the shortest decimal of the Float, so that 0.1307 is written as it was read.
        .map([("mean", .numbers(mean.map(Self.written))), ("std", .numbers(std.map(Self.written)))])
    }

    private static func written(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}

extension DataSpec.TestSource {
    var resolved: ResolvedValue {
        switch self {
        case .file(let path): .text(path)
        case .fraction(let part): .number(part)
        }
    }
}

extension TaskKind {
    /// The task of a network that reads tokens: the next one at every position. Nil for a network that reads numbers.
    init?(ofTokens model: ModelGraph, at place: Origin) throws(RecipeError) {
        guard model.inputIsTokens else {
            guard model.positions == 1 else {
                throw RecipeError(
                    at: place, "the network gives \(model.outputShape) answers per sample, but samples of numbers have one label",
                    remedy: "Put flatten and a dense layer with a unit for each class at the end")
            }
            return nil
        }
        let shape = model.outputShape.dimensions
        guard model.loss == .softmaxCrossEntropy, shape.count == 2, shape[0] == model.inputShape.elementCount else {
            throw RecipeError(
                at: place, "a network that reads tokens predicts the next one at every position, but this one gives \(model.outputShape)",
                remedy: "Use softmax_cross_entropy, and a last layer with a unit for each token at each of the "
                    + "\(model.inputShape.elementCount) positions")
        }
        self = .tokens(vocabulary: shape[1], length: shape[0])
    }

    /// The metrics that are computed for such a task.
    var metricNames: [String] {
        switch self {
        case .classification(let classes): MetricAccumulator.names(.classification(classes: classes))
        case .binary: MetricAccumulator.names(.binary)
        case .regression(let width): MetricAccumulator.names(.regression(width: width))
        case .tokens(let vocabulary, let length): MetricAccumulator.names(.tokens(vocabulary: vocabulary, positions: length))
        }
    }
}
