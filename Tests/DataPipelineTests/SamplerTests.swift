import CAllocationCounter
import DataPipeline
import Testing

struct SamplerTests {
    /// All samples of an epoch, batch by batch.
    static func epoch(_ sampler: Sampler, _ epoch: Int) -> [[Int32]] {
        var sampler = sampler
        var batch: [Int32] = []
        return (0..<sampler.batchesPerEpoch).map {
            sampler.indices(batch: epoch * sampler.batchesPerEpoch + $0, into: &batch)
            return batch
        }
    }

    @Test(arguments: [(1, 1), (7, 3), (8, 4), (5, 9), (100, 32)])
    func everyEpochIsAPermutationWithAShortLastBatch(_ count: Int, _ batch: Int) {
        for shuffle in [true, false] {
            let sampler = Sampler(count: count, batch: batch, shuffle: shuffle, seed: 3)
            for epoch in 0..<3 {
                let batches = Self.epoch(sampler, epoch)
                #expect(batches.flatMap { $0 }.sorted() == (0..<Int32(count)).map { $0 })
                #expect(batches.dropLast().allSatisfy { $0.count == batch })
                for (index, samples) in batches.enumerated() {
                    let absolute = epoch * sampler.batchesPerEpoch + index
                    #expect(sampler.sampleCount(ofBatch: absolute) == samples.count && sampler.epoch(ofBatch: absolute) == epoch)
                }
            }
        }
    }

    @Test func orderIsAFunctionOfSeedEpochAndBatch() {
        let sampler = Sampler(count: 50, batch: 8, shuffle: true, seed: 1)
        #expect(Self.epoch(sampler, 0) != Self.epoch(sampler, 1))
        #expect(Self.epoch(sampler, 0) != Self.epoch(Sampler(count: 50, batch: 8, shuffle: true, seed: 2), 0))
        // Asked in any order, the same batch holds the same samples.
        var jumping = sampler
        var batch: [Int32] = []
        for absolute in [20, 3, 0, 13, 3] {
            jumping.indices(batch: absolute, into: &batch)
            #expect(batch == Self.epoch(sampler, absolute / 7)[absolute % 7])
        }
        // The batch size cuts the same order differently.
        #expect(Self.epoch(sampler, 2).flatMap { $0 } == Self.epoch(Sampler(count: 50, batch: 50, shuffle: true, seed: 1), 2)[0])
    }

    @Test func withoutShufflingFileOrderIsKept() {
        #expect(Self.epoch(Sampler(count: 5, batch: 2, shuffle: false, seed: 1), 4) == [[0, 1], [2, 3], [4]])
    }

    @Test func allocatesOncePerEpochOnly() {
        guard allocation_count_supported() == 1 else { return }
        var sampler = Sampler(count: 1000, batch: 10, shuffle: true, seed: 1)
        var batch: [Int32] = []
        batch.reserveCapacity(10)
        sampler.indices(batch: 0, into: &batch)
        allocation_count_begin()
        for absolute in 1..<100 { sampler.indices(batch: absolute, into: &batch) }
        #expect(allocation_count_end() == 0)
    }
}
