import DataPipeline
import Formats
import Kernels
import Recipes
import TensorCore

/// What a model says about samples, in words that a person or a script can use.
package struct Predictor {
    private let saved: SavedModel
    private let evaluator: Evaluator

    package init(_ saved: SavedModel, kernels: FloatKernels) {
        self.saved = saved
        evaluator = Evaluator(model: saved.model, kind: saved.recipe.metricKind, kernels: kernels, precision: saved.recipe.precision)
    }

    /// One JSON object per sample of `range`: `{"sample","class","probability","probabilities"}` for classes,
    /// `{"sample","class","probability"}` for two, `{"sample","values"}` for regression.
    package func lines(for dataset: Dataset, range: Range<Int>) -> [String] {
        let outputs = evaluator.predictions(for: dataset, samples: range, parameters: saved.parameters)
        let width = evaluator.program.outputElements
        return range.enumerated().map { row, sample in
            line(sample: sample, outputs: outputs[row * width..<(row + 1) * width])
        }
    }

    private func line(sample: Int, outputs: ArraySlice<Float>) -> String {
        var object: JSONObject = ["sample": .integer(sample)]
        switch saved.recipe.task {
        case .classification:
            let probabilities = softmax(outputs)
            let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
            object["class"] = className(best)
            object["probability"] = .number(probabilities[best])
            object["probabilities"] = .array(probabilities.map { .number($0) })
        case .binary:
            let probability = 1 / (1 + Double.exp(-Double(outputs.first ?? 0)))
            object["class"] = className(probability > 0.5 ? 1 : 0)
            object["probability"] = .number(probability)
        case .tokens: preconditionFailure("Predictor: texts are the TextPredictor's")
        case .regression:
            object["values"] = .array(outputs.map { .float($0) })
        }
        object.listNonFinite()
        return JSONValue.object(object).serialized()
    }

    private func className(_ index: Int) -> JSONValue {
        let names = saved.preprocessing.classNames
        return index < names.count ? .string(names[index]) : .integer(index)
    }

    private func softmax(_ logits: ArraySlice<Float>) -> [Double] {
        let top = Double(logits.max() ?? 0)
        let terms = logits.map { Double.exp(Double($0) - top) }
        let sum = terms.reduce(0, +)
        return terms.map { $0 / sum }
    }
}
