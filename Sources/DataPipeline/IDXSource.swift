import Formats

/// MNIST and its relatives: a directory of images and labels in IDX, plain or gzip, under the names that are in use.
enum IDXSource {
    static func load(_ spec: DataSpec, task: TaskKind, inputShape: [Int]) throws(DataError) -> SourceData {
        let directory = spec.path!
        let preprocessing = Preprocessing(task: task, featureShape: inputShape, divisor: 255, normalize: spec.normalize)
        guard let training = try pair(directory, prefixes: ["train"]) else {
            throw DataError(
                .missing,
                "no training images here: looked for \(names("train", "images", "3")[0])[.gz] and \(names("train", "images", "3")[1])[.gz]",
                path: directory,
                at: "\(folders.map { $0.isEmpty ? directory : "\(directory)/\($0)" }.joined(separator: ", "))",
                remedy: "Set data.path to the directory that holds the IDX files.")
        }
        let pool = try dataset(training, preprocessing: preprocessing, name: "training set")
        var test: Dataset?
        if let files = try pair(directory, prefixes: testPrefixes) {
            test = try dataset(files, preprocessing: preprocessing, name: "test set")
        }
        return SourceData(pool: pool, test: test, preprocessing: preprocessing)
    }

    static let testPrefixes = ["t10k", "test"]

    /// The directory itself, and where torchvision puts its downloads below a root.
    private static let folders = ["", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "QMNIST/raw", "raw"]

    struct Files {
        var images: String
        var labels: String
    }

    /// The images and labels of one of the prefixes; nil when there are no images.
    /// - Throws: `DataError` (missing) when the images are there and the labels are not.
    static func pair(_ directory: String, prefixes: [String]) throws(DataError) -> Files? {
        for folder in folders {
            let place = folder.isEmpty ? directory : "\(directory)/\(folder)"
            for prefix in prefixes {
                guard let images = existing(place, names(prefix, "images", "3")) ?? existing(place, names(prefix, "images", "4")) else {
                    continue
                }
                let wanted = names(prefix, "labels", "1")
                guard let labels = existing(place, wanted) else {
                    throw DataError(
                        .missing, "there are images (\(images)) and no labels: looked for \(wanted[0])[.gz] and \(wanted[1])[.gz]",
                        path: place,
                        remedy: "Put the label file beside the images.")
                }
                return Files(images: images, labels: labels)
            }
        }
        return nil
    }

    private static func names(_ prefix: String, _ what: String, _ dimensions: String) -> [String] {
        ["\(prefix)-\(what)-idx\(dimensions)-ubyte", "\(prefix)-\(what).idx\(dimensions)-ubyte"]
    }

    private static func existing(_ folder: String, _ names: [String]) -> String? {
        for name in names {
            for ending in ["", ".gz"] where FileIO.exists("\(folder)/\(name)\(ending)") && !FileIO.isDirectory("\(folder)/\(name)\(ending)")
            {
                return "\(folder)/\(name)\(ending)"
            }
        }
        return nil
    }

    static func dataset(_ files: Files, preprocessing: Preprocessing, name: String) throws(DataError) -> Dataset {
        let images = try reading { () throws(FormatError) in try IDXFile.read(files.images) }
        let labels = try reading { () throws(FormatError) in try IDXFile.read(files.labels) }
        guard images.shape.count >= 2 else {
            throw DataError(
                .malformed, "the images have the shape \(images.shape), at least a count and one extent are wanted", path: files.images,
                remedy: "Check that this is the image file, and not the labels.")
        }
        guard labels.shape.count == 1 else {
            throw DataError(
                .malformed, "the labels have the shape \(labels.shape), one extent is wanted", path: files.labels,
                remedy: "Check that this is the label file, and not the images.")
        }
        let count = images.shape[0]
        guard labels.shape[0] == count else {
            throw DataError(
                .mismatch, "there are \(count) images in \(files.images) and \(labels.shape[0]) labels", path: files.labels,
                remedy: "Use the two files of one data set.")
        }
        try ShapeCheck.check(Array(images.shape.dropFirst()), fits: preprocessing.featureShape, path: files.images)
        let numbers = labels.integers().map { $0.map { Double($0) } } ?? labels.floats().map { Double($0) }
        return Dataset(
            name: name, featureShape: preprocessing.featureShape, count: count,
            features: try features(images, preprocessing: preprocessing, path: files.images),
            targets: try TargetReading.targets(numbers, width: 1, count: count, task: preprocessing.task, path: files.labels),
            classNames: preprocessing.classNames)
    }

    /// Bytes stay bytes; other elements become floats, normalised.
    static func features(_ file: IDXFile, preprocessing: Preprocessing, path: String) throws(DataError) -> Dataset.FeatureStore {
        guard file.elementType != .uint8 else { return .bytes(file.bytes, preprocessing.scaling) }
        var values = file.floats()
        try ShapeCheck.checkFinite(values, shape: Array(file.shape.dropFirst()), path: path)
        preprocessing.scaling.normalize(&values)
        return .floats(values)
    }
}
