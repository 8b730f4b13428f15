import TensorCore

extension Graph {
    /// The loss of each row: [B]. Softmax cross-entropy takes logits [B, N] and labels [B], or logits [B, T, N] and labels [B, T] and is
    /// then the mean over a row's T positions; the others take values of one shape and are means over a row's elements; binary
    /// cross-entropy takes logits.
    package mutating func addLoss(_ kind: LossKind, prediction: ValueID, target: ValueID) -> ValueID {
        let (x, t) = (self[prediction], self[target])
        precondition(x.extent == .rows && t.extent == .rows, "loss: prediction and target have to be per row")
        switch kind {
        case .softmaxCrossEntropy:
            precondition(
                x.shape.rank >= 1 && t.element == .label && t.shape.elementCount == x.lead,
                "softmax cross-entropy: as many rows of logits as labels are needed, got \(x.shape) and \(t.shape)")
        case .binaryCrossEntropy, .meanSquaredError:
            precondition(t.element == .scalar && t.shape == x.shape, "\(kind.rawValue): prediction \(x.shape) and target \(t.shape) differ")
        }
        return append(.loss(kind), [prediction, target], [], .rows)
    }
}
