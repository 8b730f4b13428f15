import TensorCore

/// Checks that samples fit the model's input.
enum ShapeCheck {
    /// Samples of one extent list fit an input of the same, up to extents of 1, and a flat list of features fits any input of as many.
    static func check(_ sample: [Int], fits input: [Int], path: String?) throws(DataError) {
        let (have, want) = (sample.reduce(1, *), input.reduce(1, *))
        guard have == want else {
            throw DataError(
                .wrongShape,
                "a sample has \(have) feature\(have == 1 ? "" : "s") (\(describeShape(sample))), the model's input has \(want) (\(describeShape(input)))",
                path: path, remedy: "Set model.input to the shape of the data, or use the data that the model was made for.")
        }
        let (a, b) = (sample.filter { $0 != 1 }, input.filter { $0 != 1 })
        guard a == b || a.count <= 1 || b.count <= 1 else {
            throw DataError(
                .wrongShape,
                "a sample is \(describeShape(sample)), the model's input \(describeShape(input)): as many features, in another order",
                path: path, remedy: "Images are height × width × channels; move the channels to the end (numpy: moveaxis(x, 1, -1)).")
        }
    }

    /// The first NaN or infinity among features is an error with its sample and its place in it.
    static func checkFinite(_ features: [Float], shape: [Int], path: String?) throws(DataError) {
        guard let index = features.firstIndex(where: { !$0.isFinite }) else { return }
        let width = max(shape.reduce(1, *), 1)
        var place: [Int] = []
        var rest = index % width
        for extent in shape.reversed() {
            place.insert(rest % extent, at: 0)
            rest /= extent
        }
        throw DataError(
            .nonFinite, "a feature is \(features[index].isNaN ? "NaN" : "infinite")", path: path,
            at: "sample \(index / width), feature \(place.map { String($0) }.joined(separator: ", "))",
            remedy: "Mend the value or remove the sample.")
    }
}
