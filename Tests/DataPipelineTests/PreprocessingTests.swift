import DataPipeline
import Formats
import TensorCore
import TestSupport
import Testing

struct PreprocessingTests {
    @Test func savedRecordsReadBackTheSame() throws {
        try withTemporaryDirectory { folder in
            let table = try TableTests.load(TableTests.animals, width: 11) { _, _ in }.preprocessing
            let digits = try DigitsTests.load { $0.normalize = .init(mean: [0.1307], std: [0.3081]) }.preprocessing
            for record in [table, digits] {
                try writeText(record.json(), to: "\(folder)/preprocessing.json")
                #expect(try Preprocessing.read("\(folder)/preprocessing.json") == record)
                #expect(try Preprocessing(json: record.json()).json() == record.json())
            }
            try writeText("{\"version\": 1}", to: "\(folder)/broken.json")
            let broken = dataErrorText { _ = try Preprocessing.read("\(folder)/broken.json") }
            #expect(broken?.hasPrefix("\(folder)/broken.json: this is no record of preprocessing: it has no \"") == true)
        }
    }

    @Test func rawRowsOfATableAreEncodedAsInTraining() throws {
        try withTemporaryDirectory { folder in
            let data = try TableTests.load(TableTests.animals, width: 5) { spec, _ in spec.ignore = ["name"] }
            try writeText("age,legs,kind,weight\n2,4,wild,1.0\n,4,tame,3.0\n1,1,odd,1\n", to: "\(folder)/inputs.csv")
            let inputs = try loadInputs("\(folder)/inputs.csv", preprocessing: data.preprocessing, inputShape: [5])
            #expect(inputs.count == 3 && inputs.targets == .none)
            #expect(features(inputs, 0) == features(data.train, 0) && features(inputs, 1) == features(data.train, 1))
            #expect(inputs.missingValues == 1 && inputs.unknownCategories == 1)
            try writeText("age,kind,weight\n2,wild,1.0\n", to: "\(folder)/short.csv")
            let short = dataErrorText { _ = try loadInputs("\(folder)/short.csv", preprocessing: data.preprocessing, inputShape: [5]) }
            #expect(short?.contains("there is no column 'legs'; the columns are 'age', 'kind', 'weight'") == true)

            try writeText(TableTests.animals, to: "\(folder)/all.csv")
            let all = try loadLabelled(
                "\(folder)/all.csv", spec: DataSpec(format: .csv), preprocessing: data.preprocessing, task: .classification(classes: 3),
                inputShape: [5])
            #expect(all.fingerprint == data.train.fingerprint)
            try writeText(TableTests.animals.replacing("bird", with: "fish"), to: "\(folder)/all.csv")
            let unknown = dataErrorText {
                _ = try loadLabelled(
                    "\(folder)/all.csv", spec: DataSpec(format: .csv), preprocessing: data.preprocessing, task: .classification(classes: 3),
                    inputShape: [5])
            }
            #expect(unknown?.contains("the label 'fish' of sample 2 is none of the classes 'bird', 'cat', 'dog'") == true)
        }
    }

    @Test func imagesComeAsArraysTablesAndIDX() throws {
        try withTemporaryDirectory { folder in
            let data = try DigitsTests.load { $0.normalize = .init(mean: [0.3], std: [0.4]) }
            let raw = features(data.test!, 7).map { UInt8((($0 * 0.4 + 0.3) * 16).rounded()) }
            let expected = features(data.test!, 7)
            func check(_ name: String, _ write: (String) throws -> Void) throws {
                let path = "\(folder)/\(name)"
                try write(path)
                let inputs = try loadInputs(path, preprocessing: data.preprocessing, inputShape: [8, 8, 1])
                #expect(inputs.count == 1 && features(inputs, 0) == expected, "\(name)")
            }
            try check("flat.npy") { try writeNpy(Tensor(name: "", dtype: .uint8, shape: [1, 64], bytes: raw), $0) }
            try check("one.npy") { try writeNpy(Tensor(name: "", dtype: .uint8, shape: [8, 8, 1], bytes: raw), $0) }
            try check("long.npy") { try writeNpy(Tensor(name: "", shape: [1, 8, 8], int64s: raw.map { Int64($0) }), $0) }
            try check("scaled.npy") { try writeNpy(Tensor(name: "", shape: [1, 8, 8], floats: raw.map { Float($0) / 16 }), $0) }
            try check("images.gz") { try FileIO.write(Gzip.compress(IDXFile(shape: [1, 8, 8], bytes: raw).encode()), to: $0) }
            let row = raw.map { String($0) }.joined(separator: ",")
            try check("bare.csv") { try writeText(row + "\n", to: $0) }
            try check("named.csv") { try writeText((0..<64).map { "p\($0)" }.joined(separator: ",") + "\n" + row + "\n", to: $0) }

            try writeNpy(Tensor(name: "", shape: [1, 64], floats: raw.map { Float($0) }), "\(folder)/raw.npy")
            let unscaled = dataErrorText {
                _ = try loadInputs("\(folder)/raw.npy", preprocessing: data.preprocessing, inputShape: [8, 8, 1])
            }
            #expect(unscaled?.contains("the model was trained on bytes from 0 to 16, so floats have to be scaled to 0 to 1") == true)
            try writeText("1,2,3\n", to: "\(folder)/short.csv")
            let short = dataErrorText {
                _ = try loadInputs("\(folder)/short.csv", preprocessing: data.preprocessing, inputShape: [8, 8, 1])
            }
            #expect(short?.contains("a sample has 3 features (3), the model's input has 64 (8×8×1)") == true)
            try writeNpy(Tensor(name: "", shape: [0, 64], floats: []), "\(folder)/none.npy")
            let none = dataErrorText { _ = try loadInputs("\(folder)/none.npy", preprocessing: data.preprocessing, inputShape: [8, 8, 1]) }
            #expect(none?.contains("the file holds no sample") == true)
        }
    }

    @Test func directoriesOfLabelledSamples() throws {
        try withTemporaryDirectory { folder in
            let data = try DigitsTests.load()
            func labelled(_ path: String) throws -> Dataset {
                try loadLabelled(
                    path, spec: DataSpec(), preprocessing: data.preprocessing, task: .classification(classes: 10), inputShape: [8, 8, 1])
            }
            let nothing = dataErrorText { _ = try labelled(folder) }
            #expect(nothing?.contains("the directory holds neither x.npy nor IDX images") == true)
            #expect(dataErrorText { _ = try labelled("\(folder)/none") }?.contains("there is no such file or directory") == true)

            let raw = features(data.test!, 0).map { UInt8($0 * 16) }
            let label = UInt8(data.test!.classIndex(of: 0))
            try FileIO.write(IDXFile(shape: [1, 8, 8], bytes: raw).encode(), to: "\(folder)/t10k-images-idx3-ubyte")
            try FileIO.write(IDXFile(shape: [1], bytes: [label]).encode(), to: "\(folder)/t10k-labels-idx1-ubyte")
            #expect(try labelled(folder).fingerprint == data.test!.subset([0]).fingerprint)

            try writeNpy(Tensor(name: "", dtype: .uint8, shape: [1, 64], bytes: raw), "\(folder)/x.npy")
            try writeNpy(Tensor(name: "", dtype: .uint8, shape: [1], bytes: [label]), "\(folder)/y.npy")
            #expect(try labelled(folder).fingerprint == data.test!.subset([0]).fingerprint)

            try writeText(raw.map { String($0) }.joined(separator: ",") + ",\(label)\n", to: "\(folder)/t.csv")
            let table = try labelled("\(folder)/t.csv")
            #expect(features(table, 0) == features(data.test!, 0) && classes(table) == [Int(label)])
        }
    }
}
