import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func runLoss(_ instruction: Instruction) {
        let rows = memory.rows
        switch instruction {
        case .loss(let kind, let columns, let prediction, let target, let into):
            let (x, c) = (source(prediction), sink(into))
            var rowLoss = c.mutableSpan
            switch kind {
            case .softmaxCrossEntropy:
                kernels.softmaxCrossEntropy(rows: rows, columns: columns, logits: x.span, classes: labels(target).span, into: &rowLoss)
            case .binaryCrossEntropy:
                kernels.binaryCrossEntropyWithLogits(
                    rows: rows, columns: columns, logits: x.span, targets: source(target).span, into: &rowLoss)
            case .meanSquaredError:
                kernels.meanSquaredError(rows: rows, columns: columns, predictions: x.span, targets: source(target).span, into: &rowLoss)
            }
        case .lossGradient(let kind, let columns, let prediction, let target, let into):
            let (x, c) = (source(prediction), sink(into))
            var gradient = c.mutableSpan
            switch kind {
            case .softmaxCrossEntropy:
                kernels.softmaxCrossEntropyGradient(
                    rows: rows, columns: columns, logits: x.span, classes: labels(target).span, scale: scale, into: &gradient)
            case .binaryCrossEntropy:
                kernels.binaryCrossEntropyWithLogitsGradient(
                    rows: rows, columns: columns, logits: x.span, targets: source(target).span, scale: scale, into: &gradient)
            case .meanSquaredError:
                kernels.meanSquaredErrorGradient(
                    rows: rows, columns: columns, predictions: x.span, targets: source(target).span, scale: scale, into: &gradient)
            }
        case .lossWithGradient(let kind, let columns, let prediction, let target, let into, let gradientSlot):
            let (x, c, g) = (source(prediction), sink(into), sink(gradientSlot))
            var rowLoss = c.mutableSpan
            var gradient = g.mutableSpan
            switch kind {
            case .softmaxCrossEntropy:
                kernels.softmaxCrossEntropyBoth(
                    rows: rows, columns: columns, logits: x.span, classes: labels(target).span, scale: scale, into: &rowLoss,
                    gradient: &gradient)
            case .binaryCrossEntropy:
                kernels.binaryCrossEntropyWithLogitsBoth(
                    rows: rows, columns: columns, logits: x.span, targets: source(target).span, scale: scale, into: &rowLoss,
                    gradient: &gradient)
            case .meanSquaredError:
                kernels.meanSquaredErrorBoth(
                    rows: rows, columns: columns, predictions: x.span, targets: source(target).span, scale: scale, into: &rowLoss,
                    gradient: &gradient)
            }
        default:
            preconditionFailure("not a loss")
        }
    }

    @inline(__always)
    func labels(_ slot: Slot) -> UnsafeBufferPointer<Int32> { UnsafeBufferPointer(memory.elements(slot, Int32.self)) }
}
