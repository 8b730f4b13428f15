import Kernels
import TensorCore

/// How a matrix product of two values is called: extents for one batch row, and which of them grows with the batch.
struct MatmulExtents: Hashable, Sendable {
    enum Growing: Sendable { case none, m, k }

    var form: MatmulForm
    var m: Int
    var n: Int
    var k: Int
    var growing: Growing

    /// The extents for a number of batch rows.
    func shape(rows: Int) -> MatmulShape {
        switch growing {
        case .none: MatmulShape(form, m: m, n: n, k: k)
        case .m: MatmulShape(form, m: m * rows, n: n, k: k)
        case .k: MatmulShape(form, m: m, n: n, k: k * rows)
        }
    }

    /// Traps when the operands do not fit: the contraction lengths differ, or the batch would become columns.
    init(_ form: MatmulForm, _ a: Value, _ b: Value) {
        func fits(_ condition: Bool) {
            precondition(condition, "matmul \(form): \(a.shape) (\(a.extent)) and \(b.shape) (\(b.extent)) do not fit")
        }
        self.form = form
        (m, k) = form.aTransposed ? (a.columns, a.lead) : (a.lead, a.columns)
        n = form.bTransposed ? b.lead : b.columns
        fits(k == (form.bTransposed ? b.columns : b.lead))
        switch (a.extent, b.extent) {
        case (.fixed, .fixed):
            growing = .none
        case (.rows, .fixed):
            fits(!form.aTransposed)
            growing = .m
        case (.rows, .rows):
            fits(form == .tn)
            growing = .k
        case (.fixed, .rows):
            fits(false)
            growing = .none
        }
    }
}

extension Graph {
    /// a·b, the operands seen as matrices whose columns are their last extents.
    ///
    /// - `a` per row [.., K], `b` fixed: forms nn (b[K,N]) and nt (b[N,K]) give [.., N] per row.
    /// - both per row: form tn contracts over the batch and gives a fixed [M, N].
    /// - both fixed: all four forms.
    package mutating func addMatmul(_ a: ValueID, _ b: ValueID, form: MatmulForm = .nn, phase: Node.Phase = .forward) -> ValueID {
        let extents = MatmulExtents(form, self[a], self[b])
        let shape =
            form.aTransposed ? Shape([extents.m, extents.n]) : Shape(self[a].shape.dimensions.dropLast() + [extents.n])
        return append(.matmul(form, .none), [a, b], shape, extents.growing == .m ? .rows : .fixed, phase: phase)
    }

    /// x[.., N] + b[N].
    package mutating func addBias(_ x: ValueID, _ bias: ValueID) -> ValueID {
        precondition(
            self[bias].extent == .fixed && self[bias].shape == Shape([self[x].columns]),
            "addBias: a bias of shape \(self[bias].shape) does not fit \(self[x].shape)")
        return append(.addBias, [x, bias], self[x].shape, self[x].extent)
    }

    /// Σ over the batch and all extents but the last: [N] from [B, .., N].
    mutating func addColumnSums(_ x: ValueID) -> ValueID {
        append(.columnSums, [x], Shape([self[x].columns]), .fixed, phase: .backward)
    }
}
