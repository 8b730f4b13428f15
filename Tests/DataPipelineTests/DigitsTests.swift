import DataPipeline
import Testing

struct DigitsTests {
    static func load(_ change: (inout DataSpec) -> Void = { _ in }) throws -> LoadedData {
        var spec = DataSpec()
        change(&spec)
        return try loadData(spec, task: .classification(classes: 10), inputShape: [8, 8, 1], seed: 1)
    }

    @Test func hasTheSizesOfTheDesign() throws {
        let data = try Self.load()
        #expect(data.train.count == 1149 && data.validation?.count == 288 && data.test?.count == 360)
        #expect(data.train.featureShape == [8, 8, 1] && data.train.featureCount == 64)
        #expect(data.train.targets == .classes(count: 10))
        #expect(data.train.classNames == (0...9).map { String($0) })
    }

    @Test func pixelsAreSixteenths() throws {
        let report = try Self.load().train.report()
        #expect(report.minimum == 0 && report.maximum == 1)
        #expect((0.25...0.35).contains(report.mean))
        let pixels = try features(Self.load().train, 5)
        #expect(pixels.allSatisfy { ($0 * 16).rounded() == $0 * 16 })
    }

    @Test func everyPartIsStratified() throws {
        let data = try Self.load()
        for part in [data.train, data.validation!, data.test!] {
            let share = Double(part.count) / 10
            for row in part.report().classes { #expect(abs(Double(row.count) - share) <= 3 + share * 0.03, "\(part.name) \(row)") }
        }
    }

    @Test func aClassMeanClassifierLearnsFromThem() throws {
        // Guards against labels that slipped against their images: the mean image of each class gets 90 % right.
        let data = try Self.load()
        var means = [[Float]](repeating: [Float](repeating: 0, count: 64), count: 10)
        let counts = data.train.report().classes.map { Float($0.count) }
        for sample in 0..<data.train.count {
            let label = Int(data.train.classIndex(of: sample))
            for (index, value) in features(data.train, sample).enumerated() { means[label][index] += value / counts[label] }
        }
        let right = (0..<data.test!.count).filter { sample in
            let pixels = features(data.test!, sample)
            let distances = means.map { mean in zip(mean, pixels).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
            return distances.firstIndex(of: distances.min()!)! == Int(data.test!.classIndex(of: sample))
        }
        #expect(Double(right.count) / Double(data.test!.count) > 0.85)
    }

    @Test func normalisationIsApplied() throws {
        let plain = try Self.load()
        let normal = try Self.load { $0.normalize = .init(mean: [0.3], std: [0.4]) }
        #expect(features(normal.train, 3) == features(plain.train, 3).map { ($0 - 0.3) / 0.4 })
        #expect(normal.fingerprint != plain.fingerprint)
        let report = normal.train.report()
        #expect(abs(report.maximum - 1.75) < 1e-6 && abs(report.minimum + 0.75) < 1e-6)
    }

    @Test func fingerprintsTellDataApart() throws {
        let data = try Self.load()
        #expect(try Self.load().fingerprint == data.fingerprint)
        #expect(try Self.load { $0.validation = 0.1 }.fingerprint != data.fingerprint)
        #expect(data.train.fingerprint.count == 64 && data.train.fingerprint != data.test!.fingerprint)
        #expect(data.train.subset([0, 1]).fingerprint != data.train.subset([1, 0]).fingerprint)
        #expect(data.train.subset([1, 0]).subset([1, 0]).fingerprint == data.train.subset([0, 1]).fingerprint)
    }

    @Test func anotherInputShapeIsRefused() {
        let text = dataErrorText { _ = try loadData(DataSpec(), task: .classification(classes: 10), inputShape: [28, 28, 1], seed: 1) }
        #expect(text?.contains("a sample has 64 features (8×8), the model's input has 784 (28×28×1)") == true)
    }

    @Test func tooFewClassesAreRefused() {
        let text = dataErrorText { _ = try loadData(DataSpec(), task: .classification(classes: 9), inputShape: [64], seed: 1) }
        #expect(text?.contains("is 9, the model has 9 classes: labels are whole numbers from 0 to 8") == true)
    }

    @Test func aRecipeThatContradictsItselfIsRefused() {
        let text = dataErrorText { _ = try Self.load { $0.path = "somewhere" } }
        #expect(text == "data.path: the format digits reads no files. Mend the data section of the recipe.")
        #expect(DataSpec(validation: 1).problems().map(\.key) == ["validation"])
        #expect(DataSpec(format: .csv).problems().map(\.key) == ["path"])
        #expect(DataSpec(normalize: .init(mean: [.nan], std: [0])).problems().map(\.key) == ["normalize.mean", "normalize.std"])
        #expect(DataSpec(format: .idx, path: "x", validation: 0.6, test: .fraction(0.5)).problems().map(\.key) == ["test"])
    }
}
