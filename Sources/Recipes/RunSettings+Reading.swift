extension SectionReader {
    /// One of the cases of an enum by its raw value. Names that later versions will know are refused with a word about that.
    func option<Option: RawRepresentable & CaseIterable>(_ key: String, _ what: String, later: [String] = []) throws(RecipeError) -> Option?
    where Option.RawValue == String {
        if case .scalar(let scalar)? = value(key)?.content, later.contains(scalar.text) {
            let today = spoken(Option.allCases.map(\.rawValue))
            throw RecipeError(
                at: origin(of: key), "`\(dotted(key))`: \(what) \(scalar.text) is not available in this version", remedy: "Use \(today)")
        }
        return try choice(key, what, among: Option.allCases.map(\.rawValue)).flatMap { Option(rawValue: $0) }
    }
}

extension ParallelSettings {
    init(_ reader: SectionReader) throws(RecipeError) {
        let defaults = ParallelSettings()
        self.init(
            virtualShards: try reader.integer("virtual_shards", or: "auto", atLeast: 1) ?? defaults.virtualShards,
            share: try reader.option("share", "sharing") ?? defaults.share,
            wire: try reader.option("wire", "wire type", later: ["bf16"]) ?? defaults.wire,
            bucketBytes: try reader.integer("bucket_bytes", or: "auto", atLeast: 1) ?? defaults.bucketBytes,
            exchange: try reader.option("exchange", "exchange") ?? defaults.exchange)
    }

    var resolved: ResolvedValue {
        .map([
            ("virtual_shards", virtualShards.map { .integer($0) } ?? .text("auto")), ("share", .text(share.rawValue)),
            ("wire", .text(wire.rawValue)), ("bucket_bytes", bucketBytes.map { .integer($0) } ?? .text("auto")),
            ("exchange", .text(exchange.rawValue)),
        ])
    }
}

extension CheckpointSettings {
    init(_ reader: SectionReader) throws(RecipeError) {
        let defaults = CheckpointSettings()
        self.init(
            everySteps: try reader.integer("every_steps", atLeast: 0) ?? defaults.everySteps,
            keep: try reader.integer("keep", atLeast: 1) ?? defaults.keep)
    }

    var resolved: ResolvedValue { .map([("every_steps", .integer(everySteps)), ("keep", .integer(keep))]) }
}

extension LogSettings {
    init(_ reader: SectionReader) throws(RecipeError) {
        let defaults = LogSettings()
        self.init(
            everySteps: try reader.integer("every_steps", atLeast: 1) ?? defaults.everySteps,
            tensorboard: try reader.boolean("tensorboard") ?? defaults.tensorboard,
            progress: try reader.option("progress", "kind of progress") ?? defaults.progress)
    }

    var resolved: ResolvedValue {
        .map([("every_steps", .integer(everySteps)), ("tensorboard", .boolean(tensorboard)), ("progress", .text(progress.rawValue))])
    }
}
