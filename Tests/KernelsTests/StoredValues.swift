import Kernels

/// Values in either storage type that end where an unreadable page begins, for kernels that take operands.
final class StoredValues<Scalar: KernelScalar> {
    private let memory: GuardedMemory<UInt8>
    private let base: UnsafeMutableRawPointer
    let count: Int
    let type: StorageType

    init(_ values: [Scalar], _ type: StorageType = .scalar) {
        (count, self.type) = (values.count, type)
        let bytes: [UInt8]
        switch type {
        case .scalar: bytes = values.withUnsafeBytes { Array($0) }
        case .bfloat16: bytes = values.map { BFloat16Bits.rounding(Float($0)) }.withUnsafeBytes { Array($0) }
        }
        memory = GuardedMemory(capacity: max(bytes.count, 1))
        base = UnsafeMutableRawPointer(memory.hold(bytes).baseAddress!)
    }

    /// A result, NaN so that what stays unwritten is seen.
    convenience init(results count: Int, _ type: StorageType = .scalar) {
        self.init([Scalar](repeating: .nan, count: count), type)
    }

    var operand: Operand<Scalar> { Operand(base: base, count: count, type: type) }
    var destination: Destination<Scalar> { Destination(base: base, count: count, type: type) }
    var values: [Scalar] { (0..<count).map { operand[$0] } }
}

extension StorageType {
    /// The values as they are after being stored.
    func stored(_ values: [Float]) -> [Float] {
        self == .scalar ? values : values.map { BFloat16Bits.float(BFloat16Bits.rounding($0)) }
    }

    /// Half a unit in the last place of a stored result, relative.
    var rounding: Double { self == .scalar ? 0x1p-24 : 0x1p-8 }
}
