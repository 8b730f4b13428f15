import Optimizers

extension OptimizerSpec {
    init(_ reader: SectionReader) throws(RecipeError) {
        let name = try reader.choice("name", "optimizer", among: Kind.names) ?? "adam"
        try reader.check(variant: name)
        guard let defaults = Kind(name: name) else { preconditionFailure("optimizer \(name) is listed but not known") }
        let kind: Kind
        switch defaults {
        case .sgd(let momentum, let dampening, let nesterov):
            kind = .sgd(
                momentum: try reader.number("momentum") ?? momentum, dampening: try reader.number("dampening") ?? dampening,
                nesterov: try reader.boolean("nesterov") ?? nesterov)
        case .adagrad(let decay, let accumulator, let epsilon):
            kind = .adagrad(
                learningRateDecay: try reader.number("lr_decay") ?? decay,
                initialAccumulator: try reader.number("initial_accumulator_value") ?? accumulator,
                epsilon: try reader.number("eps") ?? epsilon)
        case .rmsprop(let alpha, let epsilon, let momentum, let centered):
            kind = .rmsprop(
                alpha: try reader.number("alpha") ?? alpha, epsilon: try reader.number("eps") ?? epsilon,
                momentum: try reader.number("momentum") ?? momentum, centered: try reader.boolean("centered") ?? centered)
        case .adam(let beta1, let beta2, let epsilon):
            kind = .adam(
                beta1: try reader.number("beta1") ?? beta1, beta2: try reader.number("beta2") ?? beta2,
                epsilon: try reader.number("eps") ?? epsilon)
        case .adamw(let beta1, let beta2, let epsilon):
            kind = .adamw(
                beta1: try reader.number("beta1") ?? beta1, beta2: try reader.number("beta2") ?? beta2,
                epsilon: try reader.number("eps") ?? epsilon)
        }
        self.init(
            kind, learningRate: try reader.number("learning_rate"), weightDecay: try reader.number("weight_decay"),
            weightDecayExclude: try reader.texts("weight_decay_exclude") ?? [])
        try checked(reader) { () throws(OptimizerError) in try validate() }
    }

    func resolved(clipNorm: Double?) -> ResolvedValue {
        let own: [(String, ResolvedValue)] =
            switch kind {
            case .sgd(let momentum, let dampening, let nesterov):
                [("momentum", .number(momentum)), ("dampening", .number(dampening)), ("nesterov", .boolean(nesterov))]
            case .adagrad(let decay, let accumulator, let epsilon):
                [("lr_decay", .number(decay)), ("initial_accumulator_value", .number(accumulator)), ("eps", .number(epsilon))]
            case .rmsprop(let alpha, let epsilon, let momentum, let centered):
                [
                    ("momentum", .number(momentum)), ("alpha", .number(alpha)), ("centered", .boolean(centered)), ("eps", .number(epsilon)),
                ]
            case .adam(let beta1, let beta2, let epsilon), .adamw(let beta1, let beta2, let epsilon):
                [("beta1", .number(beta1)), ("beta2", .number(beta2)), ("eps", .number(epsilon))]
            }
        return .map(
            [
                ("name", .text(kind.name)), ("learning_rate", .number(learningRate)), ("weight_decay", .number(weightDecay)),
                ("weight_decay_exclude", .texts(weightDecayExclude)), ("clip_norm", .optional(clipNorm) { .number($0) }),
            ] + own)
    }
}

extension ScheduleSpec {
    init(_ reader: SectionReader) throws(RecipeError) {
        let name = try reader.choice("name", "schedule", among: Self.names) ?? "constant"
        try reader.check(variant: name)
        let kind: Kind
        switch name {
        case "step":
            guard let every = try reader.integer("every", atLeast: 1) else {
                throw RecipeError(
                    at: reader.origin, "`\(reader.path)` is of kind step and needs `every`",
                    remedy: "For example \(reader.path)={name: step, every: 10, gamma: 0.1}")
            }
            let unit = try reader.choice("unit", "unit", among: Unit.allCases.map(\.rawValue)) ?? Unit.epochs.rawValue
            kind = .step(every: every, unit: Unit(rawValue: unit) ?? .epochs, gamma: try reader.number("gamma") ?? 0.1)
        case "cosine":
            kind = .cosine(minimumFactor: try reader.number("minimum_factor") ?? 0)
        case "reduce_on_plateau":
            let defaults = PlateauSettings()
            kind = .reduceOnPlateau(
                PlateauSettings(
                    metric: try reader.text("metric") ?? defaults.metric, factor: try reader.number("factor") ?? defaults.factor,
                    patience: try reader.integer("patience", atLeast: 0) ?? defaults.patience,
                    threshold: try reader.number("threshold") ?? defaults.threshold,
                    cooldown: try reader.integer("cooldown", atLeast: 0) ?? defaults.cooldown,
                    minimumRate: try reader.number("minimum_rate") ?? defaults.minimumRate))
        default:
            kind = .constant
        }
        self.init(kind, warmupSteps: try reader.integer("warmup_steps", atLeast: 0) ?? 0)
        try checked(reader) { () throws(OptimizerError) in try validate() }
    }

    var resolved: ResolvedValue {
        let own: [(String, ResolvedValue)] =
            switch kind {
            case .constant: []
            case .step(let every, let unit, let gamma):
                [("every", .integer(every)), ("unit", .text(unit.rawValue)), ("gamma", .number(gamma))]
            case .cosine(let minimumFactor): [("minimum_factor", .number(minimumFactor))]
            case .reduceOnPlateau(let settings):
                [
                    ("metric", .text(settings.metric)), ("factor", .number(settings.factor)), ("patience", .integer(settings.patience)),
                    ("threshold", .number(settings.threshold)), ("cooldown", .integer(settings.cooldown)),
                    ("minimum_rate", .number(settings.minimumRate)),
                ]
            }
        return .map([("name", .text(name)), ("warmup_steps", .integer(warmupSteps))] + own)
    }
}

/// Runs the optimisers' own check of their numbers, and adds the place where the number was written.
private func checked(_ reader: SectionReader, _ check: () throws(OptimizerError) -> Void) throws(RecipeError) {
    do {
        try check()
    } catch {
        let key = String(error.setting.split(separator: ".").last ?? "")
        throw RecipeError(at: reader.section.key(key) == nil ? reader.origin : reader.origin(of: key), error.description)
    }
}
