// Kernels of both storage types take their operands as these views. They are the module's unsafe types: whoever makes one (the executor,
// the spans below, tests) vouches that the memory holds `count` elements of that type while the kernel runs. Nothing keeps one.

/// Elements that a kernel reads, stored in either type. Empty is an absent operand.
package struct Operand<Scalar: KernelScalar>: @unchecked Sendable {
    package let base: UnsafeRawPointer?
    package let count: Int
    package let type: StorageType

    package init(base: UnsafeRawPointer?, count: Int, type: StorageType) {
        self.base = count == 0 ? nil : base
        self.count = count
        self.type = type
    }

    package static var absent: Operand { Operand(base: nil, count: 0, type: .scalar) }
    package var isEmpty: Bool { count == 0 }

    /// The element as the kernels compute with it.
    @inline(__always)
    package subscript(index: Int) -> Scalar {
        precondition(index >= 0 && index < count, "an index outside of an operand")
        switch type {
        case .scalar: return base.unsafelyUnwrapped.assumingMemoryBound(to: Scalar.self)[index]
        case .bfloat16: return Scalar(BFloat16Bits.float(base.unsafelyUnwrapped.assumingMemoryBound(to: UInt16.self)[index]))
        }
    }
}

/// Elements that a kernel writes (or reads and writes), stored in either type. Empty is an absent result.
package struct Destination<Scalar: KernelScalar>: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer?
    package let count: Int
    package let type: StorageType

    package init(base: UnsafeMutableRawPointer?, count: Int, type: StorageType) {
        self.base = count == 0 ? nil : base
        self.count = count
        self.type = type
    }

    package static var absent: Destination { Destination(base: nil, count: 0, type: .scalar) }
    package var isEmpty: Bool { count == 0 }
    /// The same elements, to read.
    package var operand: Operand<Scalar> { Operand(base: base.map { UnsafeRawPointer($0) }, count: count, type: type) }

    /// The element; a store rounds to the storage type.
    @inline(__always)
    package subscript(index: Int) -> Scalar {
        get { operand[index] }
        nonmutating set {
            precondition(index >= 0 && index < count, "an index outside of a destination")
            switch type {
            case .scalar: base.unsafelyUnwrapped.assumingMemoryBound(to: Scalar.self)[index] = newValue
            case .bfloat16:
                base.unsafelyUnwrapped.assumingMemoryBound(to: UInt16.self)[index] = BFloat16Bits.rounding(Float(newValue))
            }
        }
    }
}

/// Scratch memory of a kernel, in bytes, aligned to 64.
package struct Scratch: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer?
    package let bytes: Int

    package init(base: UnsafeMutableRawPointer?, bytes: Int) {
        self.base = bytes == 0 ? nil : base
        self.bytes = bytes
    }
}

/// Weights as a kernel takes them: fp32 in the layout's memory order, or what ``MatrixKernels/pack(_:weights:into:)`` and
/// ``ConvolutionKernels/pack(_:forInputGradient:weights:into:)`` made of them.
package struct WeightOperand<Scalar: KernelScalar>: @unchecked Sendable {
    package let base: UnsafeRawPointer?
    /// Elements of plain weights; bytes of packed ones.
    package let count: Int
    package let isPacked: Bool

    package init(base: UnsafeRawPointer?, count: Int, isPacked: Bool) {
        self.base = base
        self.count = count
        self.isPacked = isPacked
    }

    /// Plain weights as an operand.
    package var plain: Operand<Scalar> {
        precondition(!isPacked, "packed weights are not plain")
        return Operand(base: base, count: count, type: .scalar)
    }
}
