import DataPipeline
import Formats
import TensorCore

/// The message of the `DataError` that `body` throws; nil when it throws none, or another error.
func dataErrorText(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as DataError {
        return error.description
    } catch {
        return nil
    }
}

/// The features of one sample.
func features(_ dataset: Dataset, _ sample: Int) -> [Float] {
    var values = [Float](repeating: -1, count: dataset.featureCount)
    var span = values.mutableSpan
    dataset.copyFeatures(of: sample, into: &span, at: 0)
    return values
}

/// All classes of a set, in order.
func classes(_ dataset: Dataset) -> [Int] {
    (0..<dataset.count).map { Int(dataset.classIndex(of: $0)) }
}

/// Writes an IDX data set of `count` images of 2×3 whose bytes and labels are functions of their number.
func writeIDX(_ folder: String, prefix: String, count: Int, dotted: Bool = false, packed: Bool = false, labels: [UInt8]? = nil) throws {
    let images = IDXFile(shape: [count, 2, 3], bytes: (0..<count * 6).map { UInt8($0 % 256) })
    let targets = IDXFile(shape: [labels?.count ?? count], bytes: labels ?? (0..<count).map { UInt8($0 % 3) })
    for (file, name) in [(images, "images"), (targets, "labels")] {
        let dimensions = name == "images" ? 3 : 1
        let separator = dotted ? "." : "-"
        let bytes = packed ? Gzip.compress(file.encode()) : file.encode()
        try FileIO.write(bytes, to: "\(folder)/\(prefix)-\(name)\(separator)idx\(dimensions)-ubyte\(packed ? ".gz" : "")")
    }
}

func writeNpy(_ tensor: Tensor, _ path: String) throws {
    try NpyFile.write(tensor, to: path)
}
