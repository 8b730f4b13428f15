import Kernels
import TensorCore

extension Execution {
    /// Copies the parameters into the kernels' order.
    ///
    /// - Complexity: O(packed parameters). No allocation.
    package func pack(_ parameters: Arena<K.Scalar>) {
        beginPacking()
        pack(parameters, through: parameters.count)
    }

    /// Forgets what has been packed: ``pack(_:through:)`` starts anew.
    package func beginPacking() {
        packing.restart()
    }

    /// Packs what has not been packed since ``beginPacking()`` of the parameters before an element: whole multiples of rows of a matrix,
    /// convolutions as a whole. An update that calls this after every block finds the block's weights in the cache still.
    ///
    /// - Parameter element: where the part of the arena ends that has its values for the coming step.
    /// - Complexity: O(packed parameters before the element) over all calls; a call that completes no part costs a comparison. No allocation.
    package func pack(_ parameters: Arena<K.Scalar>, through element: Int) {
        guard packing.isDue(element) else { return }
        let memory = ExecutionMemory(
            activations: UnsafeMutableRawPointer(arena.unsafeBase), parameters: UnsafeMutableRawPointer(parameters.unsafeBase),
            gradients: UnsafeMutableRawPointer(parameters.unsafeBase), packed: UnsafeMutableRawPointer(packed.unsafeBase), rows: 0)
        withExtendedLifetime((packed, parameters)) {
            Subnormals.flushed {
                packing.advance(through: element, program.packed.places) { [kernels] place, rows in
                    packWeights(place, rows, memory, kernels)
                }
            }
        }
    }
}

/// Packs some rows of one place.
private func packWeights<K: KernelSet>(_ place: PackedPlan.Place, _ rows: Range<Int>, _ memory: ExecutionMemory, _ kernels: K) {
    let source = memory.operand(place.source, K.Scalar.self)
    let target = memory.scratch(Slot(region: .packed, offset: place.offset, count: place.bytes, grows: false))
    switch place.weights.form {
    case .matrix(let packing): kernels.pack(packing, rows: rows, weights: source, into: target)
    case .convolution(let call, let forInputGradient):
        kernels.pack(call, forInputGradient: forInputGradient, weights: source, into: target)
    }
}
