import Graphs
import TensorCore

extension NetworkBuilder {
    /// Adds (x − mean)/√(variance + ε)·weight + bias over the last extent.
    mutating func addLayerNorm(_ epsilon: Double, _ name: String, _ place: String) throws(NetworkError) {
        try check(epsilon: epsilon, place)
        guard flattened == nil else {
            throw NetworkError(
                place, "cannot follow flatten, whose features files hold in another order; put it before flatten, or a dense layer between")
        }
        let width = shape[shape.rank - 1]
        let gain = try addParameter(name, "weight", [width], .constant(1), place)
        let shift = try addParameter(name, "bias", [width], .constant(0), place)
        current = graph.addLayerNorm(current, gain: gain, shift: shift, epsilon: epsilon)
    }

    /// Adds the same over the batch and all positions, with running statistics as buffers.
    mutating func addBatchNorm(_ epsilon: Double, _ momentum: Double, _ name: String, _ place: String) throws(NetworkError) {
        try check(epsilon: epsilon, place)
        guard momentum > 0, momentum <= 1 else {
            throw NetworkError(place, "the momentum has to be above 0 and at most 1, got \(momentum)")
        }
        guard shape.rank == 3 else {
            throw NetworkError(
                place, "needs an image height×width×channels, but gets \(shape); layernorm normalises rows of features and sequences")
        }
        let channels = shape[2]
        let gain = try addParameter(name, "weight", [channels], .constant(1), place)
        let shift = try addParameter(name, "bias", [channels], .constant(0), place)
        let mean = try addParameter(name, "running_mean", [channels], .constant(0), momentum: momentum, place)
        let variance = try addParameter(name, "running_var", [channels], .constant(1), momentum: momentum, place)
        current = graph.addBatchNorm(
            current, gain: gain, shift: shift, mean: mean, variance: variance, epsilon: epsilon, momentum: momentum)
    }

    private func check(epsilon: Double, _ place: String) throws(NetworkError) {
        guard epsilon > 0, epsilon.isFinite else { throw NetworkError(place, "epsilon has to be above 0, got \(epsilon)") }
    }
}
