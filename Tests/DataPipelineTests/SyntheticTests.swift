import DataPipeline
import Testing

struct SyntheticTests {
    static func load(_ task: TaskKind, features: Int, seed: UInt64 = 1, change: (inout DataSpec) -> Void = { _ in }) throws -> LoadedData {
        var spec = DataSpec(format: .synthetic, samples: 500, testSamples: 200)
        change(&spec)
        return try loadData(spec, task: task, inputShape: [features], seed: seed)
    }

    @Test func isAFunctionOfTheSeed() throws {
        let data = try Self.load(.binary, features: 20)
        #expect(try Self.load(.binary, features: 20).fingerprint == data.fingerprint)
        #expect(try Self.load(.binary, features: 20, seed: 2).fingerprint != data.fingerprint)
        #expect(data.train.count == 400 && data.validation?.count == 100 && data.test?.count == 200)
        let longer = try Self.load(.binary, features: 20) { $0.samples = 1000 }
        #expect(features(longer.train, 3) == features(data.train, 3) && longer.test!.fingerprint == data.test!.fingerprint)
        #expect(features(data.train, 0) != features(data.train, 1) && features(data.train, 0) != features(data.test!, 0))
    }

    /// The part of the test set that the difference of the class means puts on the right side.
    static func accuracyOfMeans(_ data: LoadedData, label: (Dataset, Int) -> Int) -> Double {
        let width = data.train.featureCount
        var means = [[Double]](repeating: [Double](repeating: 0, count: width), count: 2)
        var counts = [0.0, 0.0]
        for sample in 0..<data.train.count {
            let of = label(data.train, sample)
            counts[of] += 1
            for (index, value) in features(data.train, sample).enumerated() { means[of][index] += Double(value) }
        }
        for of in 0..<2 { means[of] = means[of].map { $0 / counts[of] } }
        let test = data.test!
        let right = (0..<test.count).filter { sample in
            let values = features(test, sample)
            let score = values.indices.reduce(0.0) { sum, index in
                sum + (Double(values[index]) - (means[0][index] + means[1][index]) / 2) * (means[1][index] - means[0][index])
            }
            return (score > 0 ? 1 : 0) == label(test, sample)
        }
        return Double(right.count) / Double(test.count)
    }

    @Test func theLinearRuleCanBeLearned() throws {
        let data = try Self.load(.binary, features: 1000) { $0.samples = 3000 }
        #expect(Self.accuracyOfMeans(data) { Int($0.target(of: $1)) } > 0.93)
        let balance = data.train.report().classes.map(\.count)
        #expect(abs(balance[0] - balance[1]) < 300)
        let turned = try Self.load(.binary, features: 1000) { ($0.samples, $0.noise) = (3000, 0.4) }
        #expect(Self.accuracyOfMeans(turned) { Int($0.target(of: $1)) } < 0.75)
    }

    @Test func blobsAreApart() throws {
        let data = try Self.load(.classification(classes: 2), features: 3)
        #expect(Self.accuracyOfMeans(data) { Int($0.classIndex(of: $1)) } > 0.97)
        let many = try Self.load(.classification(classes: 5), features: 2)
        #expect(Set(classes(many.train)) == [0, 1, 2, 3, 4])
    }

    @Test func theRegressionFollowsItsRule() throws {
        // Without noise, equal inputs would give equal targets; here: the rule is linear but for the product term, so that second
        // differences along one feature vanish. Checked by least squares on [1, x₀, x₁, x₀·x₁].
        let data = try Self.load(.regression(width: 1), features: 2) { $0.noise = 0 }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: 5), count: 4)
        func row(_ sample: Int) -> [Double] {
            let x = features(data.train, sample).map { Double($0) }
            return [1, x[0], x[1], x[0] * x[1], Double(data.train.target(of: sample))]
        }
        for sample in 0..<data.train.count {
            let values = row(sample)
            for i in 0..<4 { for j in 0..<5 { matrix[i][j] += values[i] * values[j] } }
        }
        for pivot in 0..<4 {
            for other in 0..<4 where other != pivot {
                let factor = matrix[other][pivot] / matrix[pivot][pivot]
                for j in 0..<5 { matrix[other][j] -= factor * matrix[pivot][j] }
            }
        }
        let solution = (0..<4).map { matrix[$0][4] / matrix[$0][$0] }
        #expect(abs(solution[3] - 0.5) < 1e-4)
        for sample in 0..<50 {
            let values = row(sample)
            let predicted = (0..<4).reduce(0.0) { $0 + values[$1] * solution[$1] }
            #expect(abs(predicted - values[4]) < 1e-4)
        }
    }

    @Test func aKindThatDoesNotSuitTheTaskIsRefused() {
        let text = dataErrorText { _ = try Self.load(.regression(width: 1), features: 3) { $0.kind = .blobs } }
        #expect(text?.contains("data.kind: blobs makes no targets for a regression of 1 value") == true)
        #expect(DataSpec(format: .synthetic, samples: 0).problems().map(\.key) == ["samples"])
        #expect(DataSpec(format: .synthetic, kind: .linearBinary, noise: 0.5).problems().map(\.key) == ["noise"])
        #expect(DataSpec(kind: .blobs).problems().map(\.key) == ["kind"])
    }
}
