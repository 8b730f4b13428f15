import Testing

import Kernels

/// A matrix packed in parts, as an optimiser's pass does it, is the matrix packed at once.
@Suite("Packing weights in parts")
struct PackingTests {
    @Test("parts give the bytes of the whole, in any order", arguments: Level.all, [StorageType.scalar, .bfloat16])
    func parts(level: Level, type: StorageType) {
        let kernels = level.kernels
        for (k, n) in [(1, 1), (63, 130), (64, 64), (65, 10), (200, 96), (129, 200)] {
            let values = TestNumbers(7).uniform(k * n)
            for transposed in [false, true] {
                let packing = WeightPacking(k: k, n: n, transposed: transposed, type: type)
                let size = kernels.packedBytes(packing)
                let (whole, parts) = (Room(size), Room(size))
                values.withUnsafeBytes { bytes in
                    let weights = Operand<Float>(base: bytes.baseAddress, count: k * n, type: .scalar)
                    kernels.pack(packing, weights: weights, into: whole.scratch)
                    let starts = stride(from: 0, to: packing.rows, by: 2 * WeightPacking.rowMultiple).reversed()
                    for start in starts {
                        let end = min(packing.rows, start + 2 * WeightPacking.rowMultiple)
                        kernels.pack(packing, rows: start..<end, weights: weights, into: parts.scratch)
                    }
                }
                #expect(whole.bytes.elementsEqual(parts.bytes), "\(k)×\(n), transposed \(transposed)")
                #expect(whole.bytes.contains { $0 != 0xA5 })
            }
        }
    }
}

/// Bytes of which each starts as the same odd value.
private final class Room {
    private let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: Int) {
        memory = .allocate(byteCount: bytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
    }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
    var scratch: Scratch { Scratch(base: memory.baseAddress, bytes: memory.count) }
}
