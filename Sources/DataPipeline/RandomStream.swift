import Kernels

/// What randomness in this module is for. Each purpose has a key of its own, so that no two share numbers.
enum RandomStream: UInt64 {
    case epochOrder = 0x0D_1001
    case testSplit = 0x0D_1002
    case validationSplit = 0x0D_1003
    case syntheticRule = 0x0D_1004
    case syntheticSample = 0x0D_1005

    func generator(seed: UInt64, stream: UInt64 = 0) -> CounterRandom {
        CounterRandom(seed: mixKey(seed, rawValue, 0), stream: stream)
    }
}

/// The key of a row for everything random about it (dropout, augmentation): a function of the run's seed, the epoch from 0 and the
/// sample's number in the training set, and of nothing that depends on ranks.
package func rowKey(seed: UInt64, epoch: Int, sample: Int) -> UInt64 {
    mixKey(seed, UInt64(epoch), UInt64(sample))
}
