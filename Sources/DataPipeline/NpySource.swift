import Formats
import TensorCore

/// NumPy arrays: x.npy and y.npy in a directory, x_test.npy and y_test.npy beside them if there is a test set.
enum NpySource {
    static func load(_ spec: DataSpec, task: TaskKind, inputShape: [Int]) throws(DataError) -> SourceData {
        let directory = spec.path!
        let (inputs, targets) = (join(directory, spec.inputs), join(directory, spec.targets))
        guard FileIO.exists(inputs) else {
            throw DataError(
                .missing, "there is no file \(inputs)", path: directory,
                remedy: "Save the features there with numpy.save, or name the file with data.inputs.")
        }
        let features = try reading { () throws(FormatError) in try NpyFile.read(inputs, name: spec.inputs) }
        let divisor: Float? = features.dtype == .uint8 ? 255 : nil
        let preprocessing = Preprocessing(task: task, featureShape: inputShape, divisor: divisor, normalize: spec.normalize)
        let pool = try dataset(features, inputs: inputs, targets: targets, preprocessing: preprocessing, name: "training set")

        var test: Dataset?
        let (testInputs, testTargets) = (join(directory, spec.testInputs), join(directory, spec.testTargets))
        if FileIO.exists(testInputs) {
            let features = try reading { () throws(FormatError) in try NpyFile.read(testInputs, name: spec.testInputs) }
            test = try dataset(features, inputs: testInputs, targets: testTargets, preprocessing: preprocessing, name: "test set")
        }
        return SourceData(pool: pool, test: test, preprocessing: preprocessing)
    }

    static func dataset(
        _ features: Tensor, inputs: String, targets: String, preprocessing: Preprocessing, name: String
    ) throws(DataError) -> Dataset {
        let count = try sampleCount(features, preprocessing: preprocessing, path: inputs)
        guard FileIO.exists(targets) else {
            throw DataError(
                .missing, "there is no file \(targets) for the features in \(inputs)", path: targets,
                remedy: "Save the targets there with numpy.save, or name the file with data.targets.")
        }
        let labels = try reading { () throws(FormatError) in try NpyFile.read(targets) }
        guard let labelCount = labels.shape.first, labelCount == count else {
            throw DataError(
                .mismatch, "there are \(count) samples in \(inputs) and \(labels.shape.first ?? 1) targets", path: targets,
                remedy: "Save features and targets of the same samples.")
        }
        return Dataset(
            name: name, featureShape: preprocessing.featureShape, count: count,
            features: try store(features, preprocessing: preprocessing, path: inputs),
            targets: try TargetReading.targets(
                labels.doubles(), width: labels.shape.dropFirst().reduce(1, *), count: count, task: preprocessing.task, path: targets),
            classNames: preprocessing.classNames)
    }

    /// Samples in an array whose first extent counts them.
    static func sampleCount(_ features: Tensor, preprocessing: Preprocessing, path: String) throws(DataError) -> Int {
        guard let count = features.shape.first else {
            throw DataError(
                .wrongShape, "the array is a single number, its first extent should count the samples", path: path,
                remedy: "Save an array of the shape (samples, features).")
        }
        try ShapeCheck.check(Array(features.shape.dropFirst()), fits: preprocessing.featureShape, path: path)
        return count
    }

    /// Bytes become value / divisor. Where the model was trained on bytes, other whole numbers are in the same units, and floats are
    /// taken to be scaled already: any beyond 0 to 1 are an error, because they would be a misunderstanding.
    static func store(_ features: Tensor, preprocessing: Preprocessing, path: String) throws(DataError) -> Dataset.FeatureStore {
        if features.dtype == .uint8, preprocessing.divisor != nil { return .bytes(features.bytes, preprocessing.scaling) }
        var values = features.floats()
        let shape = Array(features.shape.dropFirst())
        try ShapeCheck.checkFinite(values, shape: shape, path: path)
        if let divisor = preprocessing.divisor {
            if features.integers() != nil {
                for index in values.indices { values[index] /= divisor }
            } else if let index = values.firstIndex(where: { $0 < 0 || $0 > 1 }) {
                let width = max(shape.reduce(1, *), 1)
                throw DataError(
                    .malformed,
                    "a feature is \(values[index]); the model was trained on bytes from 0 to \(Int(divisor)), so floats have to be scaled to 0 to 1",
                    path: path, at: "sample \(index / width), feature \(index % width)",
                    remedy: "Save the raw values as bytes: x.astype('uint8').")
            }
        }
        preprocessing.scaling.normalize(&values)
        return .floats(values)
    }

    /// A name relative to the directory, unless it is a path of its own.
    static func join(_ directory: String, _ name: String) -> String {
        name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }
}
