import DataPipeline
import Formats
import TestSupport
import Testing

struct IDXSourceTests {
    static func load(_ path: String, classes: Int = 3, shape: [Int] = [2, 3, 1], change: (inout DataSpec) -> Void = { _ in }) throws
        -> LoadedData
    {
        var spec = DataSpec(format: .idx, path: path)
        change(&spec)
        return try loadData(spec, task: .classification(classes: classes), inputShape: shape, seed: 1)
    }

    @Test(arguments: ["", "raw", "MNIST/raw", "FashionMNIST/raw"], [false, true])
    func readsTheLayoutsInUse(_ place: String, _ packed: Bool) throws {
        try withTemporaryDirectory { folder in
            let inside = place.isEmpty ? folder : "\(folder)/\(place)"
            try writeText("", to: "\(inside)/nothing")
            try writeIDX(inside, prefix: "train", count: 10, dotted: packed, packed: packed)
            try writeIDX(inside, prefix: "t10k", count: 4, packed: packed)
            let data = try Self.load(folder)
            #expect(data.train.count == 8 && data.validation?.count == 2 && data.test?.count == 4)
            #expect(features(data.train, 1) == [6, 7, 8, 9, 10, 11].map { Float($0) / 255 })
            #expect(classes(data.validation!) == [8 % 3, 9 % 3])
        }
    }

    @Test func aTestSetCanBeAFraction() throws {
        try withTemporaryDirectory { folder in
            try writeIDX(folder, prefix: "train", count: 10)
            #expect(try Self.load(folder).test == nil)
            let data = try Self.load(folder) { $0.test = .fraction(0.3) }
            #expect(data.test?.count == 3 && data.train.count == 5 && data.validation?.count == 2)
            #expect(features(data.test!, 0)[0] == Float(42) / 255)
        }
    }

    @Test func labelsCanBeNumbersToo() throws {
        try withTemporaryDirectory { folder in
            try writeIDX(folder, prefix: "train", count: 4, labels: [0, 1, 1, 0])
            let data = try loadData(
                DataSpec(format: .idx, path: folder, validation: 0), task: .binary, inputShape: [6], seed: 1)
            #expect(data.train.targets == .values(width: 1) && (0..<4).map { data.train.target(of: $0) } == [0, 1, 1, 0])
            #expect(data.train.report().classes.map(\.count) == [2, 2])
        }
    }

    @Test func saysWhatIsMissing() throws {
        try withTemporaryDirectory { folder in
            let nothing = dataErrorText { _ = try Self.load(folder) }
            #expect(
                nothing?.hasPrefix(
                    "\(folder): no training images here: looked for train-images-idx3-ubyte[.gz] and train-images.idx3-ubyte[.gz]") == true)
            #expect(nothing?.contains("MNIST/raw") == true && nothing?.contains("Set data.path") == true)
            try writeIDX(folder, prefix: "train", count: 3)
            _ = try runProcess(["rm", "\(folder)/train-labels-idx1-ubyte"])
            let labels = dataErrorText { _ = try Self.load(folder) }
            #expect(
                labels?.contains("there are images (\(folder)/train-images-idx3-ubyte) and no labels: looked for train-labels-idx1-ubyte")
                    == true)
        }
    }

    @Test func saysWhatIsBroken() throws {
        try withTemporaryDirectory { folder in
            try writeIDX(folder, prefix: "train", count: 5)
            let images = "\(folder)/train-images-idx3-ubyte"
            let whole = try FileIO.read(images)

            try FileIO.write(Array(whole.dropLast(7)), to: images)
            #expect(
                dataErrorText { _ = try Self.load(folder) }
                    == "\(images): the extents [5, 2, 3] need 30 bytes of data, the file has 23 (at byte 39). Copy or download the file again."
            )

            try FileIO.write(Array(Gzip.compress(whole).dropLast(4)), to: images)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("the gzip data stops before its end") == true)

            try FileIO.write([0xCA, 0xFE, 8, 3] + whole.dropFirst(4), to: images)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("the magic number is 0xcafe0803") == true)

            try FileIO.write(whole, to: images)
            try writeIDX(folder, prefix: "train", count: 5, labels: [0, 1, 2, 0])
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("there are 5 images in \(images) and 4 labels") == true)

            try writeIDX(folder, prefix: "train", count: 5, labels: [0, 1, 2, 7, 0])
            let text = dataErrorText { _ = try Self.load(folder) }
            #expect(text?.contains("the label of sample 3 is 7, the model has 3 classes: labels are whole numbers from 0 to 2") == true)
            #expect(text?.contains("train-labels-idx1-ubyte") == true)

            #expect(
                dataErrorText { _ = try Self.load(folder, classes: 10, shape: [28, 28, 1]) }?.contains(
                    "a sample has 6 features (2×3), the model's input has 784 (28×28×1)") == true)
            #expect(
                dataErrorText { _ = try Self.load(folder, classes: 10, shape: [3, 2, 1]) }?.contains(
                    "a sample is 2×3, the model's input 3×2×1: as many features, in another order") == true)

            try writeIDX(folder, prefix: "train", count: 0)
            #expect(dataErrorText { _ = try Self.load(folder) }?.contains("the data has no samples") == true)
            try writeIDX(folder, prefix: "train", count: 1)
            #expect(
                dataErrorText { _ = try Self.load(folder) }?.contains("the training set is empty: all 1 sample went to validation and test")
                    == true)
        }
    }

    @Test func theRealMNIST() throws {
        guard let path = Locations.shared("data/mnist") else { return skip("../shared/data/mnist is not here") }
        let data = try loadData(DataSpec(format: .idx, path: path), task: .classification(classes: 10), inputShape: [28, 28, 1], seed: 1)
        #expect(data.train.count == 48_000 && data.validation?.count == 12_000 && data.test?.count == 10_000)
        #expect(classes(data.train.subset(Array(0..<5))) == [5, 0, 4, 1, 9])
        #expect(classes(data.test!.subset(Array(0..<5))) == [7, 2, 1, 0, 4])
        let report = data.test!.report()
        #expect(report.minimum == 0 && report.maximum == 1 && abs(report.mean - 0.1325) < 1e-3)
        #expect(report.classes.map(\.count) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    }
}
