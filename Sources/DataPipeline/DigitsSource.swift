import BundledData

/// The bundled handwritten digits: 8×8, values 0 to 16, the last 360 of 1,797 the test set.
enum DigitsSource {
    static let side = 8
    static let testCount = 360

    static func load(_ spec: DataSpec, task: TaskKind, inputShape: [Int]) throws(DataError) -> SourceData {
        try ShapeCheck.check([side, side], fits: inputShape, path: "the bundled digits")
        let records = UnsafeBufferPointer(start: lockstep_digits_bytes(), count: lockstep_digits_count())
        let pixels = side * side
        let count = records.count / (pixels + 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * pixels)
        var labels: [Double] = []
        for record in 0..<count {
            let start = record * (pixels + 1)
            bytes.append(contentsOf: records[start..<start + pixels])
            labels.append(Double(records[start + pixels]))
        }
        let preprocessing = Preprocessing(task: task, featureShape: inputShape, divisor: 16, normalize: spec.normalize)
        let all = Dataset(
            name: "digits", featureShape: inputShape, count: count, features: .bytes(bytes, preprocessing.scaling),
            targets: try TargetReading.targets(labels, width: 1, count: count, task: task, path: "the bundled digits"),
            classNames: preprocessing.classNames)
        return SourceData(
            pool: all.subset(Array(0..<count - testCount)), test: all.subset(Array(count - testCount..<count)), preprocessing: preprocessing
        )
    }
}
