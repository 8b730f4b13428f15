import DataPipeline
import TensorCore
import TestSupport
import Testing

struct NpySourceTests {
    static func load(_ folder: String, task: TaskKind = .classification(classes: 2), shape: [Int] = [2]) throws -> LoadedData {
        try loadData(DataSpec(format: .npy, path: folder, validation: 0), task: task, inputShape: shape, seed: 1)
    }

    @Test func readsFeaturesTargetsAndTestSet() throws {
        try withTemporaryDirectory { folder in
            try writeNpy(Tensor(name: "", shape: [2, 2], floats: [1, 2, 3, -4]), "\(folder)/x.npy")
            try writeNpy(Tensor(name: "", shape: [2], int64s: [1, 0]), "\(folder)/y.npy")
            try writeNpy(Tensor(name: "", shape: [1, 2], doubles: [5, 6]), "\(folder)/x_test.npy")
            try writeNpy(Tensor(name: "", shape: [1, 1], int32s: [1]), "\(folder)/y_test.npy")
            let data = try Self.load(folder)
            #expect(features(data.train, 1) == [3, -4] && classes(data.train) == [1, 0])
            #expect(features(data.test!, 0) == [5, 6] && classes(data.test!) == [1])
        }
    }

    @Test func bytesAreImages() throws {
        try withTemporaryDirectory { folder in
            try writeNpy(Tensor(name: "", dtype: .uint8, shape: [1, 1, 2], bytes: [51, 255]), "\(folder)/x.npy")
            try writeNpy(Tensor(name: "", shape: [1, 3], floats: [1, 2, 3]), "\(folder)/y.npy")
            let data = try Self.load(folder, task: .regression(width: 3), shape: [1, 2, 1])
            #expect(features(data.train, 0) == [51 / 255, 1] && data.train.target(of: 0, column: 2) == 3)
        }
    }

    @Test func saysWhatIsWrong() throws {
        try withTemporaryDirectory { folder in
            let (x, y) = ("\(folder)/x.npy", "\(folder)/y.npy")
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("there is no file \(x)") == true)
            try writeNpy(Tensor(name: "", shape: [3, 2], floats: [1, 2, 3, .nan, 5, 6]), x)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("there is no file \(y) for the features in \(x)") == true)
            try writeNpy(Tensor(name: "", shape: [3], floats: [0, 1, 1]), y)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("x.npy: a feature is NaN (at sample 1, feature 1)") == true)
            try writeNpy(Tensor(name: "", shape: [3, 2], floats: [1, 2, 3, 4, 5, 6]), x)
            #expect(
                dataErrorText { _ = try Self.load(folder, shape: [4]) }?.contains(
                    "a sample has 2 features (2), the model's input has 4 (4)") == true)
            try writeNpy(Tensor(name: "", shape: [2], floats: [0, 1]), y)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("there are 3 samples in \(x) and 2 targets") == true)
            try writeNpy(Tensor(name: "", shape: [3], floats: [0, 1, -1]), y)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("the label of sample 2 is -1, the model has 2 classes") == true)
            try writeNpy(Tensor(name: "", shape: [3, 2], floats: [0, 1, 1, 0, 0, 1]), y)
            #expect(
                dataErrorText { _ = try Self.load(folder) }?.contains("a target has 2 values, a classification into 2 classes wants one")
                    == true)
            #expect(
                dataErrorText { _ = try Self.load(folder, task: .regression(width: 1)) }?.contains(
                    "a target has 2 values, the model's output has 1")
                    == true)
            try writeNpy(Tensor(name: "", shape: [1, 3, 2, 2], floats: [Float](repeating: 0, count: 12)), x)
            try writeNpy(Tensor(name: "", shape: [1], floats: [0]), y)
            let order = dataErrorText { _ = try Self.load(folder, shape: [2, 2, 3]) }
            #expect(order?.contains("a sample is 3×2×2, the model's input 2×2×3") == true && order?.contains("moveaxis") == true)
        }
    }
}
