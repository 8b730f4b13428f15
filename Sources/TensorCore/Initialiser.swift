/// What a parameter is before anything is learnt.
package enum Initialiser: Hashable, Sendable {
    /// Uniform in ±1/√n: Kaiming's uniform rule with a = √5, PyTorch's for linear layers and convolutions (n is the number of inputs that
    /// an output sums over) and for LSTMs (n is the number of units).
    case uniform(fanIn: Int)
    /// Normal about 0.
    case normal(deviation: Double)
    case constant(Double)
}
