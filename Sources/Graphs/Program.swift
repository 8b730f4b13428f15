import Kernels
import TensorCore

/// What a program computes.
package enum ProgramMode: Sendable, Equatable {
    /// Predictions, row losses and the gradient of every parameter; with dropout.
    case training
    /// Predictions and row losses; no dropout.
    case inference
}

/// A model compiled for one mode, capacity, precision and kernel level: a flat list of kernel calls on fixed places of one arena, and of
/// another for the packed weights.
///
/// Compiling decides everything but the number of rows. A program is a value; ``Execution`` gives it memory and runs it.
package struct Program: Sendable {
    package let mode: ProgramMode
    /// The most rows of a batch.
    package let capacity: Int
    /// Where each parameter lies: the model's, the same for all its programs.
    package let layout: ParameterLayout
    /// Where each intermediate value lies.
    package let plan: MemoryPlan
    package let loss: LossKind
    /// Elements of one row.
    package let inputElements: Int
    package let outputElements: Int
    package let targetElements: Int
    /// Without the batch dimension.
    package let inputShape: Shape
    package let outputShape: Shape
    /// In which types activations are stored and products computed.
    package let precision: Precision
    /// Whether the input is indices of tokens rather than features.
    package let inputIsTokens: Bool
    /// Labels per row: T for sequences, else 1.
    package let positions: Int
    /// Bytes per scalar: 4 for Float, 8 for Double.
    package let scalarBytes: Int
    /// The kernel level whose workspace was planned.
    package let instructionSet: InstructionSet
    /// Floating-point operations per sample, two per multiply-add of products and convolutions. Elementwise work is not counted.
    package let forwardFlops: Int
    package let backwardFlops: Int
    /// When which part of the gradient arena is complete: see ``GradientMilestone``. Empty for inference.
    package let gradientOrder: [GradientMilestone]
    /// The values whose units can be counted, if the program was compiled to keep them.
    package let units: [UnitPlace]

    /// A point in the run from which on more of the gradient arena is complete.
    package struct GradientMilestone: Sendable, Equatable {
        /// The instruction after which it holds.
        package let instruction: Int
        /// The entries of the layout that this instruction completes, in memory order and following those of the milestone before.
        package let entries: Range<Int>
        /// The same as elements of the arena, padding included.
        package let elements: Range<Int>
    }

    /// A ReLU's output that survives the run.
    package struct UnitPlace: Sendable, Equatable {
        /// "layers.0".
        package let layer: String
        /// The number of units: the last extent of the output (features of a dense layer, filters of a convolution).
        package let units: Int
        let slot: Slot
    }

    /// What each instruction computes, in order: for listings and tests.
    package let operations: [Operation.Kind]

    /// Copies of weights in the kernels' order, and the bytes that they take.
    let packed: PackedPlan
    package var packedBytes: Int { packed.bytes }

    /// What each instruction works on, for profiles.
    package let costs: [InstructionCost]

    let instructions: [Instruction]
    /// The first instruction of the backward phase.
    let forwardCount: Int
    let inputSlot: Slot
    let targetSlot: Slot
    let rowKeysSlot: Slot
    let predictionSlot: Slot
    let rowLossSlot: Slot
}

extension Program {
    /// Compiles a model.
    ///
    /// - Parameters:
    ///   - capacity: the most rows a run will have; at least 1.
    ///   - kernels: the kernels it will run on; they say how much workspace they need.
    ///   - fusion: which fusions to make; all but in tests.
    ///   - precision: fp32, or mixed.
    ///   - recompute: whether backward computes the inside of marked segments again instead of keeping it.
    ///   - keepsUnits: whether the outputs of ReLUs survive the run, for ``UnitActivity``. Costs their memory.
    package static func compile<K: KernelSet>(
        _ model: ModelGraph, capacity: Int, mode: ProgramMode, kernels: K, fusion: FusionOptions = .all, precision: Precision = .fp32,
        recompute: Bool = false, keepsUnits: Bool = false
    ) -> Program {
        precondition(capacity >= 1, "Program: the capacity has to be at least 1 row, got \(capacity)")
        let pooled = { (window: WindowShape) in kernels.prefersPooled(ConvolutionCall(window, type: precision.storage)) }
        var (graph, gradients): (Graph, [ValueID]) =
            mode == .training
            ? model.trainingGraph(fusion, precision, recompute: recompute, pooled: pooled)
            : (model.inferenceGraph(fusion, precision, pooled: pooled), [])
        let (prediction, rowLoss) = (graph.outputs[0], graph.outputs[1])
        if keepsUnits { graph.outputs += graph.units.map(\.value) }
        var lowering = Lowering(
            graph: graph, layout: model.layout, capacity: capacity, kernels: kernels, gradients: gradients, precision: precision)
        let instructions = lowering.instructions()
        let units = graph.units.map { UnitPlace(layer: $0.layer, units: graph[$0.value].columns, slot: lowering.slot($0.value)) }
        let flops = graph.flops()
        return Program(
            mode: mode, capacity: capacity, layout: model.layout, plan: lowering.plan, loss: model.loss,
            inputElements: model.inputShape.elementCount, outputElements: model.outputElements, targetElements: model.targetElements,
            inputShape: model.inputShape, outputShape: model.outputShape, precision: precision, inputIsTokens: model.inputIsTokens,
            positions: model.positions, scalarBytes: MemoryLayout<K.Scalar>.stride,
            instructionSet: kernels.instructionSet, forwardFlops: flops.forward, backwardFlops: flops.backward,
            gradientOrder: milestones(lowering), units: keepsUnits ? units : [], operations: lowering.nodes.map(\.operation.kind),
            packed: lowering.packed, costs: lowering.costs(), instructions: instructions,
            forwardCount: lowering.nodes.firstIndex { $0.phase == .backward } ?? lowering.nodes.count,
            inputSlot: lowering.slot(model.input), targetSlot: lowering.slot(model.target), rowKeysSlot: lowering.rowKeys,
            predictionSlot: lowering.slot(prediction), rowLossSlot: lowering.slot(rowLoss))
    }

    /// The number of kernel calls of a run.
    package var instructionCount: Int { instructions.count }

    /// Entries are announced in memory order, so a bucket is a prefix that grows: an entry that is finished early waits for those before.
    private static func milestones<K>(_ lowering: Lowering<K>) -> [GradientMilestone] {
        guard !lowering.gradients.isEmpty else { return [] }
        var position = [Int](repeating: 0, count: lowering.graph.values.count)
        for (moment, node) in lowering.nodes.enumerated() {
            for output in node.outputs {
                position[output.index] = moment
            }
        }
        let roots = lowering.graph.memoryRoots()
        var result: [GradientMilestone] = []
        var moment = 0
        for (index, entry) in lowering.layout.entries.enumerated() {
            moment = max(moment, position[roots[lowering.gradients[entry.modelIndex].index].index])
            let elements = entry.offset..<entry.offset + ParameterLayout.padded(entry.count)
            if let last = result.last, last.instruction == moment {
                result[result.count - 1] = GradientMilestone(
                    instruction: moment, entries: last.entries.lowerBound..<index + 1,
                    elements: last.elements.lowerBound..<elements.upperBound)
            } else {
                result.append(GradientMilestone(instruction: moment, entries: index..<index + 1, elements: elements))
            }
        }
        return result
    }
}
