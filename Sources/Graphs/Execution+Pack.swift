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
        for index in packedRows.indices { packedRows[index] = 0 }
    }

    /// Packs what has not been packed since ``beginPacking()`` of the parameters before an element: whole multiples of rows of a matrix,
    /// convolutions as a whole. An update that calls this after every block finds the block's weights in the cache still.
    ///
    /// - Parameter element: where the part of the arena ends that has its values for the coming step.
    /// - Complexity: O(packed parameters before the element) over all calls. No allocation.
    package func pack(_ parameters: Arena<K.Scalar>, through element: Int) {
        let memory = ExecutionMemory(
            activations: UnsafeMutableRawPointer(arena.unsafeBase), parameters: UnsafeMutableRawPointer(parameters.unsafeBase),
            gradients: UnsafeMutableRawPointer(parameters.unsafeBase), packed: UnsafeMutableRawPointer(packed.unsafeBase), rows: 0)
        withExtendedLifetime((packed, parameters)) {
            Subnormals.flushed {
                for index in packedRows.indices {
                    packedRows[index] = packWeights(
                        program.packed.places[index], from: packedRows[index], before: element, memory, kernels)
                }
            }
        }
    }
}

/// Packs the rows of one place that are complete, and returns how many have been packed then.
private func packWeights<K: KernelSet>(
    _ place: PackedPlan.Place, from done: Int, before element: Int, _ memory: ExecutionMemory, _ kernels: K
) -> Int {
    let ready = place.rows(before: element)
    guard ready > done else { return done }
    let source = memory.operand(place.source, K.Scalar.self)
    let target = memory.scratch(Slot(region: .packed, offset: place.offset, count: place.bytes, grows: false))
    switch place.weights.form {
    case .matrix(let packing): kernels.pack(packing, rows: done..<ready, weights: source, into: target)
    case .convolution(let call, let forInputGradient):
        kernels.pack(call, forInputGradient: forInputGradient, weights: source, into: target)
    }
    return ready
}
