/// A network that cannot be built, as a person wrote it down: which layer, what does not fit, and what to write instead.
package struct NetworkError: Error, Equatable, CustomStringConvertible {
    /// "layers.2 (dense)"; nil when the input or the whole is wrong.
    package let layer: String?
    package let message: String

    init(_ layer: String?, _ message: String) {
        self.layer = layer
        self.message = message
    }

    package var description: String {
        guard let layer else { return "model: \(message)" }
        return "model: \(layer): \(message)"
    }
}
