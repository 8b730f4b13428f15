/// Which operands of a matrix product are stored transposed. All matrices are row-major and dense.
package enum MatmulForm: UInt8, Sendable, CaseIterable {
    /// a[M,K], b[K,N]
    case nn
    /// a[M,K], b[N,K]
    case nt
    /// a[K,M], b[K,N]
    case tn
    /// a[K,M], b[N,K]
    case tt

    package var aTransposed: Bool { self == .tn || self == .tt }
    package var bTransposed: Bool { self == .nt || self == .tt }
}

/// c[M,N] = a·b over the contraction length K.
package struct MatmulShape: Hashable, Sendable, CustomStringConvertible {
    package var form: MatmulForm
    package var m: Int
    package var n: Int
    package var k: Int

    /// - Precondition: no extent is negative; zero is allowed (an empty sum is zero).
    package init(_ form: MatmulForm, m: Int, n: Int, k: Int) {
        precondition(m >= 0 && n >= 0 && k >= 0, "A matrix product needs extents of at least 0, not M=\(m) N=\(n) K=\(k)")
        self.form = form
        self.m = m
        self.n = n
        self.k = k
    }

    package var description: String { "\(form) \(m)×\(n)×\(k)" }
}
