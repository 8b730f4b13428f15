import Formats
import Foundation
import TensorCore

/// The model's quality as a function of its parameters, its data and its training: the `quality` of summary.json.
package struct RunQuality: Sendable, Equatable {
    package var parameters: ParameterQuality
    package var data: DataQuality
    package var training: TrainingQuality

    package init(parameters: ParameterQuality, data: DataQuality, training: TrainingQuality) {
        self.parameters = parameters
        self.data = data
        self.training = training
    }

    var json: JSONValue { ["parameters": parameters.json, "data": data.json, "training": training.json] }
}

/// What the weights themselves tell.
package struct ParameterQuality: Sendable, Equatable {
    /// One parameter.
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var shape: [Int]
        package var nonFinite: Int
        /// Euclidean.
        package var norm: Double
        package var rms: Double
        package var largest: Double
        /// The share that is exactly zero.
        package var zeros: Double
        /// Output units (rows of the file's first dimension); 0 for a vector.
        package var units: Int
        /// Units whose incoming weights are all but gone: their norm is below a millionth of the median unit's. Such a unit passes nothing on.
        package var deadUnits: Int
    }

    /// How the ReLU units of a layer answered to a sample of the data.
    package struct LayerActivity: Sendable, Equatable {
        package var layer: String
        package var units: Int
        /// Units that were 0 on every sample and position looked at.
        package var silent: Int

        package init(layer: String, units: Int, silent: Int) {
            self.layer = layer
            self.units = units
            self.silent = silent
        }
    }

    package var count: Int
    package var entries: [Entry]
    /// Empty where the model has no ReLU, or nobody looked.
    package var activity: [LayerActivity] = []

    package var nonFinite: Int { entries.reduce(0) { $0 + $1.nonFinite } }
    package var isFinite: Bool { nonFinite == 0 }
    package var norm: Double { entries.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() }
    package var units: Int { entries.reduce(0) { $0 + $1.units } }
    package var deadUnits: Int { entries.reduce(0) { $0 + $1.deadUnits } }

    /// Measures parameters as files hold them (first dimension: output units). Values that are not finite count as such and as nothing else.
    package static func measure(_ tensors: [Tensor]) -> ParameterQuality {
        let entries = tensors.map { measure($0) }
        return ParameterQuality(count: tensors.reduce(0) { $0 + $1.elementCount }, entries: entries)
    }

    private static func measure(_ tensor: Tensor) -> Entry {
        let values = tensor.floats()
        let units = tensor.shape.count >= 2 ? tensor.shape[0] : 0
        let width = units > 0 ? values.count / units : values.count
        var rows = [Double](repeating: 0, count: max(units, 1))
        var nonFinite = 0
        var zeros = 0
        var largest = 0.0
        for (index, value) in values.enumerated() {
            guard value.isFinite else {
                nonFinite += 1
                continue
            }
            if value == 0 { zeros += 1 }
            largest = max(largest, Double(value.magnitude))
            rows[width > 0 && units > 0 ? index / width : 0] += Double(value) * Double(value)
        }
        let sum = rows.reduce(0, +)
        let median = units > 0 ? rows.sorted()[units / 2].squareRoot() : 0
        let dead = units > 0 ? rows.count { $0.squareRoot() <= median * 1e-6 } : 0
        return Entry(
            name: tensor.name, shape: tensor.shape, nonFinite: nonFinite, norm: sum.squareRoot(),
            rms: values.isEmpty ? 0 : (sum / Double(values.count)).squareRoot(), largest: largest,
            zeros: values.isEmpty ? 0 : Double(zeros) / Double(values.count), units: units, deadUnits: dead)
    }

    var json: JSONValue {
        [
            "count": .integer(count), "finite": .bool(isFinite), "nonfinite_values": .integer(nonFinite), "norm": .number(norm),
            "units": .integer(units), "dead_units": .integer(deadUnits),
            "activity": .array(
                activity.map { ["layer": .string($0.layer), "units": .integer($0.units), "silent_units": .integer($0.silent)] }),
            "tensors": .array(
                entries.map { entry in
                    [
                        "name": .string(entry.name), "shape": .array(entry.shape.map { .integer($0) }),
                        "nonfinite_values": .integer(entry.nonFinite), "norm": .number(entry.norm), "rms": .number(entry.rms),
                        "largest": .number(entry.largest), "zeros": .number(entry.zeros), "units": .integer(entry.units),
                        "dead_units": .integer(entry.deadUnits),
                    ]
                }),
        ]
    }
}

/// What the data tells.
package struct DataQuality: Sendable, Equatable {
    package struct ClassCount: Sendable, Equatable {
        package var name: String
        package var count: Int

        package init(name: String, count: Int) {
            self.name = name
            self.count = count
        }
    }

    package var fingerprint: String
    package var trainSamples: Int
    package var validationSamples: Int
    package var testSamples: Int
    package var features: Int
    /// Of the training set; empty for regression.
    package var classes: [ClassCount]
    /// Values that were missing and filled, in the training set.
    package var missingValues: Int
    package var minimum: Double
    package var maximum: Double
    package var mean: Double

    package init(
        fingerprint: String, trainSamples: Int, validationSamples: Int = 0, testSamples: Int = 0, features: Int,
        classes: [ClassCount] = [], missingValues: Int = 0, minimum: Double = .nan, maximum: Double = .nan, mean: Double = .nan
    ) {
        self.fingerprint = fingerprint
        self.trainSamples = trainSamples
        self.validationSamples = validationSamples
        self.testSamples = testSamples
        self.features = features
        self.classes = classes
        self.missingValues = missingValues
        self.minimum = minimum
        self.maximum = maximum
        self.mean = mean
    }

    /// Entropy of the classes over the largest possible one: 1 is perfectly even. nil without classes.
    package var balance: Double? {
        let total = classes.reduce(0) { $0 + $1.count }
        guard classes.count > 1, total > 0 else { return nil }
        let entropy = classes.reduce(0.0) { sum, entry in
            guard entry.count > 0 else { return sum }
            let share = Double(entry.count) / Double(total)
            return sum - share * log(share)
        }
        return entropy / log(Double(classes.count))
    }

    var json: JSONValue {
        var object: JSONObject = [
            "fingerprint": .string(fingerprint),
            "samples": ["train": .integer(trainSamples), "validation": .integer(validationSamples), "test": .integer(testSamples)],
            "features": .integer(features), "missing_values": .integer(missingValues),
        ]
        if !classes.isEmpty {
            object["classes"] = .object(JSONObject(classes.map { JSONObject.Member(key: $0.name, value: .integer($0.count)) }))
        }
        if let balance { object["class_balance"] = .number(balance) }
        object["minimum"] = .number(minimum)
        object["maximum"] = .number(maximum)
        object["mean"] = .number(mean)
        return .object(object)
    }
}

/// What the training tells.
package struct TrainingQuality: Sendable, Equatable {
    package var trainLoss: Double
    /// NaN without a validation set.
    package var validationLoss: Double
    package var bestEpoch: Int?
    package var skippedSteps: Int
    package var rollbacks: Int
    /// Alarms by detector, in the order of their first time.
    package var alarms: [(detector: String, count: Int)]

    package init(
        trainLoss: Double, validationLoss: Double = .nan, bestEpoch: Int? = nil, skippedSteps: Int = 0, rollbacks: Int = 0,
        alarms: [(detector: String, count: Int)] = []
    ) {
        self.trainLoss = trainLoss
        self.validationLoss = validationLoss
        self.bestEpoch = bestEpoch
        self.skippedSteps = skippedSteps
        self.rollbacks = rollbacks
        self.alarms = alarms
    }

    /// Validation loss minus training loss: what the model knows of its training set only.
    package var gap: Double { validationLoss - trainLoss }

    package static func == (a: TrainingQuality, b: TrainingQuality) -> Bool { a.json == b.json }

    var json: JSONValue {
        var object: JSONObject = [
            "train_loss": .number(trainLoss), "validation_loss": .number(validationLoss), "gap": .number(gap),
            "best_epoch": bestEpoch.map { .integer($0) } ?? .null, "skipped_steps": .integer(skippedSteps),
            "rollbacks": .integer(rollbacks),
        ]
        object["alarms"] = .object(JSONObject(alarms.map { JSONObject.Member(key: $0.detector, value: .integer($0.count)) }))
        return .object(object)
    }
}
