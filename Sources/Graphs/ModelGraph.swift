import Kernels
import TensorCore

/// A network as a graph, before it is compiled for training or inference: forward only, nothing fused.
package struct ModelGraph: Sendable {
    /// What a person calls a layer: a line of the summary.
    package struct Layer: Sendable, Equatable {
        /// "layers.0", or "layers.head" if the recipe names it.
        package let name: String
        /// "conv2d", "dense", …
        package let type: String
        /// Without the batch dimension.
        package let outputShape: Shape
        /// Positions in ``ModelGraph/parameters``.
        package let parameters: [Int]
        /// Floating-point operations of the forward pass per sample: two per multiply-add of products and convolutions. Elementwise work
        /// is not counted.
        package let flops: Int

        package init(name: String, type: String, outputShape: Shape, parameters: [Int], flops: Int) {
            self.name = name
            self.type = type
            self.outputShape = outputShape
            self.parameters = parameters
            self.flops = flops
        }
    }

    package let graph: Graph
    package let input: ValueID
    package let target: ValueID
    /// The network's raw output: logits where the loss contains the softmax or sigmoid.
    package let prediction: ValueID
    /// The loss of each row.
    package let rowLoss: ValueID
    package let loss: LossKind
    package let layers: [Layer]
    /// Where each parameter lies. The same for every program of this model, whatever its mode, capacity and precision.
    package let layout: ParameterLayout

    /// Completes a network with its loss.
    ///
    /// - Parameters:
    ///   - graph: from one input to a prediction; at least one parameter.
    ///   - prediction: [B, N] for softmax cross-entropy, any shape for the others.
    package init(graph: Graph, input: ValueID, prediction: ValueID, loss: LossKind, layers: [Layer] = []) {
        precondition(!graph.parameters.isEmpty, "ModelGraph: a model without parameters cannot be trained")
        var graph = graph
        let shape = graph[prediction].shape
        target =
            loss == .softmaxCrossEntropy
            ? graph.addTarget(Shape(Array(shape.dimensions.dropLast())), element: .label) : graph.addTarget(shape)
        rowLoss = graph.addLoss(loss, prediction: prediction, target: target)
        graph.outputs = [prediction, rowLoss]
        self.graph = graph
        self.input = input
        self.prediction = prediction
        self.loss = loss
        self.layers = layers
        layout = ModelGraph.backwardLayout(graph, rowLoss)
    }

    /// The parameters in the model's order.
    package var parameters: [ParameterDescription] { graph.parameters }
    /// Without the batch dimension.
    package var inputShape: Shape { graph[input].shape }
    package var outputShape: Shape { graph[prediction].shape }
    package var outputElements: Int { outputShape.elementCount }
    /// Elements of a row's target: one label, or as many values as the output has.
    package var targetElements: Int { graph[target].shape.elementCount }
    /// Whether the input is indices of tokens rather than features.
    package var inputIsTokens: Bool { graph[input].element == .label }
    /// Predictions per row that are compared with a label each: T for sequences, else 1.
    package var positions: Int { loss == .softmaxCrossEntropy ? graph[prediction].lead : 1 }

    /// The graph that computes losses and gradients, passes done, and the gradient of each parameter (of a buffer: what the batch
    /// contributes to it).
    ///
    /// - Parameter pooled: which convolutions are merged with the pooling after them.
    package func trainingGraph(
        _ fusion: FusionOptions, _ precision: Precision = .fp32, recompute: Bool = false, pooled: (WindowShape) -> Bool = { _ in true }
    ) -> (graph: Graph, gradients: [ValueID]) {
        var (result, gradients) = ModelGraph.trainingGraph(graph, rowLoss, fusion, pooled)
        if recompute { result.recomputeSegments() }
        if precision == .bf16 { result.lowerPrecision(gradients: gradients) }
        return (result, gradients)
    }

    /// The graph that computes predictions and losses, passes done.
    func inferenceGraph(
        _ fusion: FusionOptions, _ precision: Precision = .fp32, pooled: (WindowShape) -> Bool = { _ in true }
    ) -> Graph {
        var result = graph
        result.removeIdentities(dropout: true)
        _ = result.splitBatchNorms(training: false)
        if fusion.contains(.epilogues) {
            result.fuseEpilogues(training: false)
            result.fuseNormalisations()
        }
        result.fuseConvolutionPool { fusion.contains(.convolutionPool) && pooled($0) }
        result.removeUnused()
        if precision == .bf16 { result.lowerPrecision(gradients: []) }
        return result
    }

    /// Forward fusion comes before differentiation, so that the rules of fused operations apply; the loss is fused with its gradient after.
    private static func trainingGraph(
        _ forward: Graph, _ rowLoss: ValueID, _ fusion: FusionOptions, _ pooled: (WindowShape) -> Bool = { _ in true }
    ) -> (graph: Graph, gradients: [ValueID]) {
        var result = forward
        result.removeIdentities(dropout: false)
        let contributions = result.splitBatchNorms(training: true)
        if fusion.contains(.epilogues) {
            result.fuseEpilogues(training: true)
            result.fuseNormalisations()
        }
        result.fuseConvolutionPool { fusion.contains(.convolutionPool) && pooled($0) }
        if fusion.contains(.epilogues) { result.fuseStatistics() }
        let gradients = result.appendGradients(of: rowLoss, contributions: contributions)
        let survivors = result.outputs
        result.outputs += gradients
        if fusion.contains(.epilogues) { result.fuseBackwardRiders() }
        if fusion.contains(.lossGradient) { result.fuseLossGradient() }
        result.removeUnused()
        result.outputs = survivors
        return (result, gradients)
    }

    /// Parameters in the order in which the usual training program finishes their gradients; model order where one node finishes several.
    private static func backwardLayout(_ graph: Graph, _ rowLoss: ValueID) -> ParameterLayout {
        let (training, gradients) = trainingGraph(graph, rowLoss, .all)
        let finished = training.finishingNodes(of: gradients)
        let order = gradients.indices.sorted { (finished[$0], $0) < (finished[$1], $1) }
        return ParameterLayout(graph.parameters, memoryOrder: order)
    }
}

extension Graph {
    /// The position of the node that computes each of these values (a reshape computes nothing: its source counts).
    func finishingNodes(of wanted: [ValueID]) -> [Int] {
        let roots = memoryRoots()
        var position = [Int](repeating: 0, count: values.count)
        for (index, node) in nodes.enumerated() where node.operation != .reshape {
            for output in node.outputs {
                position[output.index] = index
            }
        }
        return wanted.map { position[roots[$0.index].index] }
    }
}
