import Kernels
import TensorCore

/// Memory of a benchmark: arenas that live as long as the case, seen as kernels want them, with a count of the bytes to be moved.
final class BenchMemory {
    /// What a kernel that reads its operands and writes its results has to move: each once, however often it passes over them.
    private(set) var bytesMoved = 0
    private var owners: [AnyObject] = []

    /// Small random numbers of either type, to read.
    ///
    /// - Parameter moved: the elements that a run touches, if not all.
    func operand(_ count: Int, _ type: StorageType = .scalar, moved: Int? = nil) -> Operand<Float> {
        result(count, type, moved: moved).operand
    }

    /// Small random numbers of either type, to overwrite.
    func result(_ count: Int, _ type: StorageType = .scalar, moved: Int? = nil) -> Destination<Float> {
        bytesMoved += (moved ?? count) * (type == .scalar ? 4 : 2)
        switch type {
        case .scalar:
            return Destination(base: take(count) { $0 }, count: count, type: type)
        case .bfloat16:
            return Destination(base: take(count) { BFloat16Bits.rounding($0) }, count: count, type: type)
        }
    }

    /// Floats for the kernels that take spans, to read or to overwrite.
    func floats(_ count: Int, moved: Int? = nil) -> UnsafeMutableBufferPointer<Float> {
        let all = result(count, moved: moved)
        return UnsafeMutableBufferPointer(start: all.base?.assumingMemoryBound(to: Float.self), count: count)
    }

    /// Zeros that a run reads and writes.
    func state(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        bytesMoved += 8 * count
        return zeros(count)
    }

    /// Positions of winners in their windows, to overwrite.
    func winners(_ count: Int) -> UnsafeMutableBufferPointer<UInt8> {
        bytesMoved += count
        return zeros(count)
    }

    /// Classes or tokens, each as often as the others.
    func labels(_ count: Int, below end: Int) -> [Int32] {
        bytesMoved += 4 * count
        return (0..<count).map { Int32($0 * 7919 % end) }
    }

    /// Memory whose contents are nobody's business, and which is not counted.
    func scratch(_ bytes: Int) -> Scratch {
        Scratch(base: UnsafeMutableRawPointer(zeros(bytes, of: UInt8.self).baseAddress), bytes: bytes)
    }

    func floatScratch(_ count: Int) -> UnsafeMutableBufferPointer<Float> { zeros(count) }

    /// Room for packed weights, counted as the matrix that they stand for: without padding.
    func packed(_ count: Int, _ type: StorageType, bytes: Int) -> Scratch {
        bytesMoved += count * (type == .scalar ? 4 : 2)
        return scratch(bytes)
    }

    /// Packed weights.
    ///
    /// - Parameters:
    ///   - moved: the elements that a run touches, if not all.
    ///   - pack: writes them from plain random numbers.
    func weights(
        _ count: Int, _ type: StorageType, moved: Int? = nil, packedBytes: Int,
        pack: (_ plain: Operand<Float>, _ packed: Scratch) -> Void
    ) -> WeightOperand<Float> {
        let packed = self.packed(moved ?? count, type, bytes: packedBytes)
        pack(operand(count, moved: 0), packed)
        return WeightOperand(base: packed.base.map { UnsafeRawPointer($0) }, count: packed.bytes, isPacked: true)
    }

    private func zeros<Element: BitwiseCopyable & Sendable>(
        _ count: Int, of: Element.Type = Element.self
    ) -> UnsafeMutableBufferPointer<Element> {
        let arena = Arena<Element>(count: count)
        owners.append(arena)
        return UnsafeMutableBufferPointer(start: arena.unsafeBase, count: count)
    }

    /// Numbers of one short random stretch, over and over: large operands would take longer to fill than to measure.
    private func take<Element: BitwiseCopyable & Sendable>(_ count: Int, _ stored: (Float) -> Element) -> UnsafeMutableRawPointer? {
        let all: UnsafeMutableBufferPointer<Element> = zeros(count)
        let numbers = CounterRandom(seed: 1, stream: UInt64(owners.count))
        let stretch = min(count, 16_381)
        for index in 0..<stretch { all[index] = stored(numbers.uniform(at: UInt64(index)) - 0.5) }
        for start in stride(from: stretch, to: count, by: max(stretch, 1)) {
            let length = min(stretch, count - start)
            (all.baseAddress! + start).update(from: all.baseAddress!, count: length)
        }
        return UnsafeMutableRawPointer(all.baseAddress)
    }
}
