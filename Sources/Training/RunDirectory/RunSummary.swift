import Formats

/// summary.json: how a run ended and what it is worth. The figures concern the weights in model.safetensors.
package struct RunSummary: Sendable {
    package typealias Metrics = [(name: String, value: Double)]

    /// "finished", "early_stopping"…
    package var stopReason: String
    /// The reason as a sentence.
    package var stopDetail: String
    package var exitCode: Int
    package var steps: Int
    package var epochs: Int
    /// The epoch of the weights that were kept; nil where the last ones were.
    package var bestEpoch: Int?
    package var ranks: Int
    package var virtualShards: Int
    /// Of training, validation included.
    package var seconds: Double
    /// Training samples over ``seconds``.
    package var samplesPerSecond: Double
    /// nil where samples are not made of tokens.
    package var tokensPerSecond: Double?
    package var train: Metrics
    /// Empty without such a set.
    package var validation: Metrics
    package var test: Metrics
    package var weightsSHA256: String
    package var buffersSHA256: String?
    package var rollbacks: Int
    package var alarms: Int
    package var skippedSteps: Int
    package var generation: Int
    package var quality: RunQuality

    package init(
        stopReason: String, stopDetail: String, exitCode: Int, steps: Int, epochs: Int, bestEpoch: Int? = nil, ranks: Int,
        virtualShards: Int, seconds: Double, samplesPerSecond: Double, tokensPerSecond: Double? = nil, train: Metrics,
        validation: Metrics, test: Metrics,
        weightsSHA256: String, buffersSHA256: String? = nil, rollbacks: Int, alarms: Int, skippedSteps: Int, generation: Int = 0,
        quality: RunQuality
    ) {
        self.stopReason = stopReason
        self.stopDetail = stopDetail
        self.exitCode = exitCode
        self.steps = steps
        self.epochs = epochs
        self.bestEpoch = bestEpoch
        self.ranks = ranks
        self.virtualShards = virtualShards
        self.seconds = seconds
        self.samplesPerSecond = samplesPerSecond
        self.tokensPerSecond = tokensPerSecond
        self.train = train
        self.validation = validation
        self.test = test
        self.weightsSHA256 = weightsSHA256
        self.buffersSHA256 = buffersSHA256
        self.rollbacks = rollbacks
        self.alarms = alarms
        self.skippedSteps = skippedSteps
        self.generation = generation
        self.quality = quality
    }
}

extension RunSummary {
    package var json: JSONValue {
        var object: JSONObject = [
            "stop_reason": .string(stopReason), "stop_detail": .string(stopDetail), "exit_code": .integer(exitCode),
            "steps": .integer(steps), "epochs": .integer(epochs), "best_epoch": bestEpoch.map { .integer($0) } ?? .null,
            "ranks": .integer(ranks), "virtual_shards": .integer(virtualShards),
        ]
        object["seconds"] = .number(seconds)
        object["samples_per_second"] = .number(samplesPerSecond)
        if let tokensPerSecond { object["tokens_per_second"] = .number(tokensPerSecond) }
        object["train"] = RunSummary.object(train)
        object["validation"] = RunSummary.object(validation)
        object["test"] = RunSummary.object(test)
        object["weights_sha256"] = .string(weightsSHA256)
        if let buffersSHA256 { object["buffers_sha256"] = .string(buffersSHA256) }
        object["rollbacks"] = .integer(rollbacks)
        object["alarms"] = .integer(alarms)
        object["skipped_steps"] = .integer(skippedSteps)
        object["generation"] = .integer(generation)
        object["quality"] = quality.json
        return .object(object)
    }

    private static func object(_ metrics: Metrics) -> JSONValue {
        var object = JSONObject(metrics.map { JSONObject.Member(key: $0.name, value: .number($0.value)) })
        object.listNonFinite()
        return .object(object)
    }
}
