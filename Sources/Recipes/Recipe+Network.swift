import DataPipeline
import Graphs
import Networks
import Optimizers
import TensorCore

/// The network of a recipe, built once to find its shapes, so that an impossible one is refused where it was written.
struct BuiltNetwork {
    let spec: NetworkSpec
    let task: TaskKind
    let model: ModelGraph

    init(_ root: SectionReader) throws(RecipeError) {
        let modelExample = "model={input: [64], layers: [{dense: {units: 32, activation: relu}}, {dense: 10}]}"
        guard root.value("model") != nil else {
            throw RecipeError(
                at: root.origin, "`model` is missing: a recipe says which network to train", remedy: "For example \(modelExample)")
        }
        let reader = try root.section("model")
        try required("input", reader, example: "input: [28, 28, 1] for images, input: [64] for features")
        let input = try reader.integers("input", atLeast: 1, atMost: 1 << 24) ?? []
        guard !input.isEmpty else { throw RecipeError(at: reader.origin(of: "input"), "`model.input` is an empty list") }
        let list = try LayerListReader(try required("layers", reader, example: "layers: [{dense: 10}]"), path: "model.layers")
        let names = LossKind.allCases.map(\.rawValue)
        guard root.value("loss") != nil else {
            throw RecipeError(at: root.origin, "`loss` is missing: a recipe says what to minimise", remedy: "One of \(spoken(names))")
        }
        guard let name = try root.choice("loss", "loss", among: names), let loss = LossKind(rawValue: name) else {
            preconditionFailure("a loss that is listed is not known")
        }
        var spec = NetworkSpec(input: input, layers: list.layers, loss: loss)
        spec.recompute = try reader.option("recompute", "way to recompute") ?? .none
        self.spec = spec
        do {
            model = try Network.build(spec)
        } catch {
            throw RecipeError(at: list.place(of: error.layer) ?? reader.origin, error.description)
        }
        let place = root.origin(of: "loss")
        if let tokens = try TaskKind(ofTokens: model, at: place) {
            task = tokens
        } else {
            task = try Self.task(loss, outputs: model.outputElements, at: place)
        }
    }

    private static func task(_ loss: LossKind, outputs: Int, at place: Origin) throws(RecipeError) -> TaskKind {
        switch loss {
        case .softmaxCrossEntropy:
            guard outputs >= 2 else {
                throw RecipeError(
                    at: place, "softmax_cross_entropy chooses among classes, but the network has \(outputs) output",
                    remedy: "Give the last layer a unit for each class, or use binary_cross_entropy for yes or no")
            }
            return .classification(classes: outputs)
        case .binaryCrossEntropy:
            guard outputs == 1 else {
                throw RecipeError(
                    at: place, "binary_cross_entropy answers yes or no, but the network has \(outputs) outputs",
                    remedy: "Give the last layer 1 unit, or use softmax_cross_entropy")
            }
            return .binary
        case .meanSquaredError: return .regression(width: outputs)
        }
    }

    /// Entries of the optimiser's exclusion list that match no parameter.
    func unmatchedExclusions(_ optimizer: OptimizerSpec) -> [String] { optimizer.unmatchedExclusions(in: model.layout) }

    var parameterNames: [String] { model.layout.modelOrder.map(\.name) }
}
