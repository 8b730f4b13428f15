import Kernels
import Testing

@Suite struct FusedLevelTests {
    /// The levels that fuse multiply and add give the same bits in every kernel, on small numbers and on those that saturate; in bf16 all
    /// of them but that of tiles, where a kernel runs on these.
    @Test(arguments: KernelCase.all + KernelCase.large)
    func fusedLevelsAgree(test: KernelCase) {
        for type in test.types {
            let levels = Level.fused.filter { type == .scalar || !test.runsOnTiles || $0.kernels.instructionSet != .amx }
            for size in [Float(1), 8] {
                let results = levels.map { test.results($0.kernels, test.numbers(size), type).map(\.bits) }
                for (level, other) in zip(levels, results).dropFirst() {
                    for (result, (bits, first)) in zip(other, results[0]).enumerated() where bits != first {
                        let place = zip(bits, first).enumerated().first { $1.0 != $1.1 }?.offset ?? -1
                        Issue.record("\(level.name), \(type), size \(size): result \(result) at \(place) is not \(levels[0].name)'s")
                    }
                }
            }
        }
    }
}
