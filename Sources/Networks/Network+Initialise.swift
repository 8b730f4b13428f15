import Graphs
import Kernels
import TensorCore

extension Network {
    /// Gives every parameter its first values: PyTorch's defaults, as each parameter's ``Initialiser`` says. Buffers get theirs too.
    ///
    /// Each element is a function of (seed, parameter's position in the model, element's position in the file), so that the values do not
    /// depend on how memory is laid out, nor on the number of ranks. Padding is set to zero.
    ///
    /// - Complexity: O(elements).
    package static func initialise(_ layout: ParameterLayout, seed: UInt64, into parameters: Arena<Float>) {
        precondition(
            parameters.count == layout.elementCount,
            "Network.initialise: an arena of \(parameters.count) elements, the layout has \(layout.elementCount)")
        parameters.fill(0)
        for entry in layout.entries {
            let random = CounterRandom(seed: seed, stream: mixKey(initialisationStream, UInt64(entry.modelIndex), 0))
            parameters.withMutableSpan(entry.range) { values in
                switch entry.initialiser {
                case .uniform(let fanIn):
                    let bound = 1 / Float(fanIn).squareRoot()
                    entry.transform.forEachElement(memoryShape: entry.memoryShape) { fileIndex, memoryIndex in
                        values[memoryIndex] = (2 * random.uniform(at: UInt64(fileIndex)) - 1) * bound
                    }
                case .normal(let deviation):
                    entry.transform.forEachElement(memoryShape: entry.memoryShape) { fileIndex, memoryIndex in
                        values[memoryIndex] = Float(deviation * random.normal(at: UInt64(fileIndex)))
                    }
                case .constant(let value):
                    for index in 0..<entry.count { values[index] = Float(value) }
                }
            }
        }
    }

    /// Keeps these random numbers apart from the sampler's and dropout's, which use the same seed: "initial" in ASCII.
    private static let initialisationStream: UInt64 = 0x0069_6e69_7469_616c
}
