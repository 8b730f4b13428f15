import CKernels

extension FloatKernels {
    /// Multiplies and adds in registers, `rounds` times: what the level can do at most. The yardstick of benchmarks.
    ///
    /// - Parameter unit: scalars for the multipliers, bf16 for the tiles.
    /// - Returns: floating-point operations done; nil if the level has no such unit.
    package func runPeak(_ unit: StorageType, rounds: Int) -> Double? {
        guard let table else { return nil }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { sink in
            unit == .scalar ? table.call.peak?(rounds, sink.baseAddress) : table.call.tile_peak?(rounds, sink.baseAddress)
        }
    }
}
