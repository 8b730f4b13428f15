import TensorCore

extension Graph {
    /// The loss of each row: [B]. Softmax cross-entropy takes logits [B, N] and labels [B]; the others take values of one shape and are
    /// means over a row's elements; binary cross-entropy takes logits.
    package mutating func addLoss(_ kind: LossKind, prediction: ValueID, target: ValueID) -> ValueID {
        let (x, t) = (self[prediction], self[target])
        precondition(x.extent == .rows && t.extent == .rows, "loss: prediction and target have to be per row")
        switch kind {
        case .softmaxCrossEntropy:
            precondition(
                x.shape.rank == 1 && t.element == .label && t.shape.elementCount == 1,
                "softmax cross-entropy: one row of logits and one label per row are needed, got \(x.shape) and \(t.shape)")
        case .binaryCrossEntropy, .meanSquaredError:
            precondition(t.element == .scalar && t.shape == x.shape, "\(kind.rawValue): prediction \(x.shape) and target \(t.shape) differ")
        }
        return append(.loss(kind), [prediction, target], [], .rows)
    }
}
