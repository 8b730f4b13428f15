import Kernels
import TensorCore

/// The one place of this module that turns base + offset into memory.
///
/// A step reads and writes several spans of one arena at once, which Swift's exclusivity rule cannot see to be disjoint. That they are is
/// what ``MemoryPlan`` guarantees and its tests show: an operand and a result of one instruction never share bytes, except where the
/// kernels' contract allows the very same memory. Regions hold values of different types at different times, so each access binds the
/// memory to the type it reads; binding costs nothing at run time.
///
/// Sound while the arenas live: ``Execution`` holds them for the whole of a run.
struct ExecutionMemory {
    let activations: UnsafeMutableRawPointer
    let parameters: UnsafeMutableRawPointer
    let gradients: UnsafeMutableRawPointer
    let packed: UnsafeMutableRawPointer
    /// The batch rows of this run.
    let rows: Int

    /// The elements of a slot. Empty for an absent operand.
    @inline(__always)
    func elements<T>(_ slot: Slot, _ type: T.Type) -> UnsafeMutableBufferPointer<T> {
        // Kernels written in C know an absent operand by its address.
        guard slot.count > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        let base =
            switch slot.region {
            case .activations: activations
            case .parameters: parameters
            case .gradients: gradients
            case .packed: packed
            }
        let count = slot.grows ? slot.count &* rows : slot.count
        return UnsafeMutableBufferPointer(start: (base + slot.offset).bindMemory(to: T.self, capacity: count), count: count)
    }

    /// A slot as kernels of both storage types take it.
    @inline(__always)
    func operand<Scalar: KernelScalar>(_ slot: Slot, _ type: Scalar.Type) -> Operand<Scalar> {
        Operand(base: address(slot), count: count(slot), type: slot.type)
    }

    @inline(__always)
    func destination<Scalar: KernelScalar>(_ slot: Slot, _ type: Scalar.Type) -> Destination<Scalar> {
        Destination(base: address(slot), count: count(slot), type: slot.type)
    }

    /// Weights: packed bytes, or the parameters themselves.
    @inline(__always)
    func weights<Scalar: KernelScalar>(_ slot: Slot, _ type: Scalar.Type) -> WeightOperand<Scalar> {
        WeightOperand(base: address(slot), count: slot.count, isPacked: slot.region == .packed)
    }

    /// A slot that is counted in bytes.
    @inline(__always)
    func scratch(_ slot: Slot) -> Scratch { Scratch(base: address(slot), bytes: slot.count) }

    @inline(__always)
    private func count(_ slot: Slot) -> Int { slot.grows ? slot.count &* rows : slot.count }

    @inline(__always)
    private func address(_ slot: Slot) -> UnsafeMutableRawPointer? {
        guard slot.count > 0 else { return nil }
        let base =
            switch slot.region {
            case .activations: activations
            case .parameters: parameters
            case .gradients: gradients
            case .packed: packed
            }
        return base + slot.offset
    }
}
