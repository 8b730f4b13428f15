import Checkpoints
import DataPipeline
import Formats
import Graphs
import Kernels
import Networks
import Recipes
import TensorCore

/// A trained model as a run or one of its checkpoints left it, ready to evaluate and predict.
package struct SavedModel {
    package let recipe: Recipe
    package let model: ModelGraph
    package let layout: ParameterLayout
    package let parameters: Arena<Float>
    package let preprocessing: Preprocessing
    /// The safetensors file the weights came from.
    package let weightsPath: String

    /// Loads a run directory, or one checkpoint directory inside it (whose files are checked against the digests of its manifest).
    ///
    /// Recipe and fitted preprocessing are those of the run; only where the data lie may be changed afterwards (`--data`).
    package static func load(_ path: String) throws -> SavedModel {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard FileIO.isDirectory(path) else {
            throw InferenceError(
                path: path, what: "there is no such run or checkpoint",
                remedy: "Give a run directory (runs/NAME) or a checkpoint in it (runs/NAME/checkpoints/step-00000500).", isUsage: true)
        }
        let isCheckpoint = FileIO.exists(path + "/manifest.json")
        let run = isCheckpoint ? FileIO.parent(of: FileIO.parent(of: path)) : path
        let recipePath = run + "/recipe.yaml"
        guard FileIO.exists(recipePath) else {
            throw InferenceError(
                path: path, what: "it holds no recipe.yaml, so it is not a run directory",
                remedy: "Give a run directory (runs/NAME) or a checkpoint in it.", isUsage: true)
        }
        let recipe = try Recipe.load(recipePath)
        let model = try Network.build(recipe.network)
        let layout = model.layout
        let weightsPath = path + "/model.safetensors"
        let tensors = try tensors(at: path, isCheckpoint: isCheckpoint, weightsPath: weightsPath)
        let parameters = Arena<Float>(count: layout.elementCount)
        do {
            try layout.load(tensors, into: parameters)
        } catch {
            throw InferenceError(path: weightsPath, what: "it does not fit the run's recipe: \(error)", remedy: "Was recipe.yaml edited?")
        }
        let preprocessing = try Preprocessing.read(run + "/preprocessing.json")
        return SavedModel(
            recipe: recipe, model: model, layout: layout, parameters: parameters, preprocessing: preprocessing, weightsPath: weightsPath)
    }

    private static func tensors(at path: String, isCheckpoint: Bool, weightsPath: String) throws -> [Tensor] {
        if isCheckpoint {
            let name = path.split(separator: "/").last ?? ""
            guard let step = Int(name.drop { !$0.isNumber }) else {
                throw InferenceError(
                    path: path, what: "a checkpoint's folder is named step- and its step", remedy: "Was it renamed?", isUsage: true)
            }
            return try CheckpointStore(directory: FileIO.parent(of: path)).load(step: step).contents.model
        }
        guard FileIO.exists(weightsPath) else {
            throw InferenceError(
                path: weightsPath, what: "the run has left no weights yet",
                remedy: "Let it finish, or give one of its checkpoints: \(path)/checkpoints/step-…", isUsage: true)
        }
        return try Safetensors.read(weightsPath).tensors
    }
}
