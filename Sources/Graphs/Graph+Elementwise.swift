import Kernels
import TensorCore

extension Graph {
    /// f(x), elementwise.
    package mutating func addActivation(_ kind: Activation, _ x: ValueID) -> ValueID {
        append(.activate(kind), [x], self[x].shape, self[x].extent)
    }

    /// The same elements, row-major, in another shape. Costs nothing.
    package mutating func addReshape(_ x: ValueID, _ shape: Shape, phase: Node.Phase = .forward) -> ValueID {
        precondition(
            self[x].shape.elementCount == shape.elementCount && self[x].element == .scalar,
            "reshape: \(self[x].shape) and \(shape) do not have the same number of elements")
        return append(.reshape, [x], shape, self[x].extent, phase: phase)
    }

    /// Dropout. In training each element is 0 with probability `rate` and x/(1−rate) otherwise, by the row's key, `layerKey` and the
    /// element's position; in inference it is x.
    package mutating func addDropout(_ x: ValueID, rate: Double, layerKey: UInt64) -> ValueID {
        precondition(rate >= 0 && rate < 1, "dropout: the rate has to be at least 0 and below 1, got \(rate)")
        precondition(self[x].extent == .rows, "dropout: a value per row is needed")
        let keys = addRowKeys()
        return append(.dropout(rate: rate, layerKey: layerKey), [x, keys], self[x].shape, .rows)
    }

    /// Softmax over the last extent.
    package mutating func addSoftmax(_ x: ValueID) -> ValueID { append(.softmax, [x], self[x].shape, self[x].extent) }

    package mutating func addSum(_ a: ValueID, _ b: ValueID, phase: Node.Phase = .forward) -> ValueID {
        combine(.add, a, b, phase)
    }

    package mutating func addDifference(_ a: ValueID, _ b: ValueID) -> ValueID { combine(.subtract, a, b, .forward) }

    package mutating func addProduct(_ a: ValueID, _ b: ValueID, phase: Node.Phase = .forward) -> ValueID {
        combine(.multiply, a, b, phase)
    }

    /// x·factor.
    package mutating func addScaling(_ x: ValueID, by factor: Double, phase: Node.Phase = .forward) -> ValueID {
        append(.scale(factor), [x], self[x].shape, self[x].extent, phase: phase)
    }

    private mutating func combine(_ operation: Operation, _ a: ValueID, _ b: ValueID, _ phase: Node.Phase) -> ValueID {
        precondition(
            self[a].shape == self[b].shape && self[a].extent == self[b].extent,
            "\(operation): shapes \(self[a].shape) (\(self[a].extent)) and \(self[b].shape) (\(self[b].extent)) differ")
        return append(operation, [a, b], self[a].shape, self[a].extent, phase: phase)
    }
}
