import CAllocationCounter
import DataPipeline
import Testing

struct PrefetcherTests {
    static let data = try! DigitsTests.load().train.subset(Array(0..<50))

    static func sampler(batch: Int = 8, seed: UInt64 = 5) -> Sampler {
        Sampler(count: 50, batch: batch, shuffle: true, seed: seed)
    }

    /// Everything a batch brings, as plain values.
    struct Content: Equatable {
        var batch: Int
        var epoch: Int
        var globalCount: Int
        var rows: Range<Int>
        var samples: [Int32]
        var features: [Float]
        var classes: [Int32]
        var keys: [UInt64]
    }

    static func content(_ batch: PrefetchedBatch) -> Content {
        var features = [Float](repeating: -1, count: batch.count * 64)
        var classes = [Int32](repeating: -1, count: batch.count)
        var keys = [UInt64](repeating: 0, count: batch.count)
        var featureSpan = features.mutableSpan
        batch.copyFeatures(rows: 0..<batch.count, into: &featureSpan)
        var classSpan = classes.mutableSpan
        batch.copyClasses(rows: 0..<batch.count, into: &classSpan)
        var keySpan = keys.mutableSpan
        batch.copyRowKeys(rows: 0..<batch.count, into: &keySpan)
        return Content(
            batch: batch.batch, epoch: batch.epoch, globalCount: batch.globalCount, rows: batch.rows,
            samples: (0..<batch.count).map { batch.sample(at: $0) }, features: features, classes: classes, keys: keys)
    }

    /// What a batch should be, by the sampler and the data set alone.
    static func expected(_ batch: Int, rows: Range<Int>? = nil, seed: UInt64 = 5) -> Content {
        var sampler = sampler()
        var global: [Int32] = []
        sampler.indices(batch: batch, into: &global)
        let rows = rows ?? 0..<global.count
        let samples = Array(global[rows])
        return Content(
            batch: batch, epoch: batch / 7, globalCount: global.count, rows: rows, samples: samples,
            features: samples.flatMap { DataPipelineTests.features(data, Int($0)) }, classes: samples.map { data.classIndex(of: Int($0)) },
            keys: samples.map { rowKey(seed: seed, epoch: batch / 7, sample: Int($0)) })
    }

    @Test func deliversThePlanInOrderWithShortBatches() {
        let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan(endBatch: 16))
        for batch in 0..<16 { #expect(prefetcher.next().map(Self.content) == Self.expected(batch)) }
        #expect(prefetcher.next() == nil && prefetcher.next() == nil)
        prefetcher.stop()
        #expect(prefetcher.next() == nil)
    }

    @Test func ranksTakeTheirPartsOfTheSameBatches() {
        let parts = (0..<3).map { rank in
            Prefetcher(
                dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 3, plan: PrefetchPlan(firstBatch: 5, endBatch: 9),
                rowsForBatch: { _, count in min(rank * 3, count)..<min(rank * 3 + 3, count) })
        }
        for batch in 5..<9 {
            let contents = parts.map { Self.content($0.next()!) }
            let whole = Self.expected(batch)
            #expect(contents.flatMap(\.samples) == whole.samples && contents.flatMap(\.features) == whole.features)
            #expect(contents.flatMap(\.keys) == whole.keys && contents.allSatisfy { $0.globalCount == whole.globalCount })
        }
        // Batch 6 has two samples: the last rank got an empty part, which is a batch all the same.
        #expect(Self.expected(6).samples.count == 2)
    }

    @Test func copiesPartsOfItsRows() {
        let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan(endBatch: 1))
        let batch = prefetcher.next()!
        let whole = Self.expected(0)
        var features = [Float](repeating: 9, count: 3 * 64)
        var span = features.mutableSpan
        batch.copyFeatures(rows: 2..<4, into: &span)
        #expect(Array(features[..<128]) == Array(whole.features[128..<256]) && features[128...].allSatisfy { $0 == 9 })
        var classes: [Int32] = [0, 0]
        var classSpan = classes.mutableSpan
        batch.copyClasses(rows: 6..<8, into: &classSpan)
        #expect(classes == Array(whole.classes[6..<8]))
    }

    @Test func leavesOutWhatARollbackSkips() {
        let plan = PrefetchPlan(firstBatch: 1, endBatch: 12, skip: [5..<8, 2..<3, 7..<9])
        let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: plan)
        var seen: [Int] = []
        while let batch = prefetcher.next() {
            seen.append(batch.batch)
            #expect(Self.content(batch) == Self.expected(batch.batch))
        }
        #expect(seen == [1, 3, 4, 9, 10, 11])
        #expect(PrefetchPlan(endBatch: 4, skip: [2..<9]).next(from: 2) == nil)
    }

    @Test func restartsAnywhereAtAnyTime() {
        let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan())
        for round in 0..<50 {
            let start = round * 7 % 30
            prefetcher.restart(PrefetchPlan(firstBatch: start, skip: [start + 1..<start + 3]))
            for batch in [start, start + 3, start + 4].prefix(round % 4) {
                #expect(prefetcher.next().map(Self.content) == Self.expected(batch))
            }
        }
        prefetcher.restart(PrefetchPlan(firstBatch: 3, endBatch: 4))
        #expect(prefetcher.next()?.batch == 3 && prefetcher.next() == nil)
        prefetcher.restart(PrefetchPlan(firstBatch: 3, endBatch: 4))
        #expect(prefetcher.next()?.batch == 3)
    }

    @Test func turnsLabelsWhereAFaultSaysSo() throws {
        let prefetcher = Prefetcher(
            dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan(endBatch: 2), turnsLabels: { $0 == 1 })
        #expect(Self.content(prefetcher.next()!).classes == Self.expected(0).classes)
        #expect(Self.content(prefetcher.next()!).classes == Self.expected(1).classes.map { 9 - $0 })

        for (task, turned) in [(TaskKind.binary, { (y: Float) in 1 - y }), (.regression(width: 1), { (y: Float) in -y })] {
            let data = try SyntheticTests.load(task, features: 3).train.subset([4, 5])
            let prefetcher = Prefetcher(
                dataset: data, sampler: Sampler(count: 2, batch: 2, shuffle: false, seed: 1), seed: 1, capacity: 2, plan: PrefetchPlan(),
                turnsLabels: { _ in true })
            var targets: [Float] = [0, 0]
            var span = targets.mutableSpan
            prefetcher.next()!.copyTargets(rows: 0..<2, into: &span)
            #expect(targets == [turned(data.target(of: 0)), turned(data.target(of: 1))])
        }
    }

    @Test func endsWhenLetGoOrStoppedAtAnyTime() {
        for round in 0..<20 {
            let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan())
            for _ in 0..<round % 5 { _ = prefetcher.next() }
            if round % 2 == 0 {
                prefetcher.stop()
                prefetcher.stop()
            }
        }
    }

    @Test func theConsumerAllocatesNothing() {
        guard allocation_count_supported() == 1 else { return }
        let prefetcher = Prefetcher(dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan())
        var features = [Float](repeating: 0, count: 8 * 64)
        var keys = [UInt64](repeating: 0, count: 8)
        var classes = [Int32](repeating: 0, count: 8)
        func step() {
            let batch = prefetcher.next()!
            var featureSpan = features.mutableSpan
            batch.copyFeatures(rows: 0..<batch.count, into: &featureSpan)
            var keySpan = keys.mutableSpan
            batch.copyRowKeys(rows: 0..<batch.count, into: &keySpan)
            var classSpan = classes.mutableSpan
            batch.copyClasses(rows: 0..<batch.count, into: &classSpan)
        }
        step()
        allocation_count_begin()
        for _ in 0..<100 { step() }
        #expect(allocation_count_end() == 0)
    }

    @Test func timeWaitedIsCounted() {
        let prefetcher = Prefetcher(
            dataset: Self.data, sampler: Self.sampler(), seed: 5, capacity: 8, plan: PrefetchPlan(),
            rowsForBatch: { _, count in
                // A loader slower than its consumer.
                let start = ContinuousClock.now
                while ContinuousClock.now - start < .milliseconds(2) {}
                return 0..<count
            })
        for _ in 0..<10 { _ = prefetcher.next() }
        #expect(prefetcher.waitedNanoseconds > 1_000_000)
    }
}
