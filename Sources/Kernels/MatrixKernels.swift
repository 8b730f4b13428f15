import CKernels

/// What a gate does to a gradient on its way out of a product.
package enum Gate: UInt8, Sendable, Hashable {
    case none
    /// y where the gate's element is above 0, else 0: ReLU's gradient from its output.
    case open
    /// y times the gate's element: any activation's gradient from its saved slope.
    case factor
}

/// What happens to the elements of a product or convolution on their way out; anything may be absent. In this order:
///
///     z = sum + bias;  slope = f′(z);  y = f(z);  y gated;  y = y + residual
///
/// `gateData`, `residual` and `slope` are laid out like the output. The residual may be exactly the memory of the output.
package struct Epilogue<Scalar: KernelScalar>: Sendable {
    /// [N], in scalars.
    package var bias: Operand<Scalar> = .absent
    package var activation: Activation = .identity
    package var gate: Gate = .none
    package var gateData: Operand<Scalar> = .absent
    package var residual: Operand<Scalar> = .absent
    package var slope: Destination<Scalar> = .absent

    package init() {}
}

/// One product or a batch of them: c[M,N] = epilogue(a·b).
package struct Product: Hashable, Sendable {
    package var shape: MatmulShape
    /// How a and b are stored; the sum is in scalars.
    package var operands: StorageType
    package var result: StorageType
    /// Whether b is weights (always stored in scalars) that have been packed for `operands`.
    package var packedWeights = false
    /// Whether c is added to.
    package var accumulates = false
    /// Elements from one stored row to the next; the dense distance unless set.
    package var aRow: Int
    package var bRow: Int
    package var cRow: Int
    /// The number of products, and the distances of their operands.
    package var batch = 1
    package var aBatch = 0
    package var bBatch = 0
    package var cBatch = 0

    package init(_ shape: MatmulShape, operands: StorageType = .scalar, result: StorageType = .scalar) {
        self.shape = shape
        self.operands = operands
        self.result = result
        aRow = shape.form.aTransposed ? shape.m : shape.k
        bRow = shape.form.bTransposed ? shape.k : shape.n
        cRow = shape.n
    }
}

/// A matrix b[K,N] of weights to be packed: stored [N,K] if transposed.
package struct WeightPacking: Hashable, Sendable {
    package var k: Int
    package var n: Int
    package var transposed: Bool
    package var type: StorageType

    package init(k: Int, n: Int, transposed: Bool, type: StorageType) {
        self.k = k
        self.n = n
        self.transposed = transposed
        self.type = type
    }

    /// The matrix as it lies in memory, and the multiples of rows at which a part of it may begin to be packed.
    package var rows: Int { transposed ? n : k }
    package var rowElements: Int { transposed ? k : n }
    package static let rowMultiple = CK_PACKING_ROWS
}

/// Matrix products in both storage types.
///
/// In bf16, a and b are bf16 (weights are rounded when they are packed) and products accumulate in fp32; the order of the sum is the
/// level's own (tiles add pairs), the same for every row whatever the number of rows.
package protocol MatrixKernels<Scalar>: Sendable {
    associatedtype Scalar: KernelScalar

    /// Bytes of scratch.
    func productWorkspace(_ product: Product) -> Int
    /// - Parameters:
    ///   - a: `product.operands`.
    ///   - b: the same; absent when weights are packed.
    ///   - weights: packed weights, else nil.
    ///   - bSums: form tn only, [N] in scalars: Σ over k of b, in row order; absent if not wanted.
    func product(
        _ product: Product, _ a: Operand<Scalar>, _ b: Operand<Scalar>, weights: WeightOperand<Scalar>?, epilogue: Epilogue<Scalar>,
        into c: Destination<Scalar>, bSums: Destination<Scalar>, workspace: Scratch)
    /// Whether this level multiplies faster when b, being weights, has been packed. Always true in bf16.
    func prefersPackedWeights(_ product: Product) -> Bool
    /// The bytes of a packed matrix.
    func packedBytes(_ packing: WeightPacking) -> Int
    /// Packs some rows of the matrix, as it lies in memory: from a multiple of ``WeightPacking/rowMultiple`` to another or to the end. The
    /// other rows' places in the copy keep what they hold; the order of the parts does not matter.
    func pack(_ packing: WeightPacking, rows: Range<Int>, weights: Operand<Scalar>, into packed: Scratch)
}

extension MatrixKernels {
    package func pack(_ packing: WeightPacking, weights: Operand<Scalar>, into packed: Scratch) {
        pack(packing, rows: 0..<packing.rows, weights: weights, into: packed)
    }
}
