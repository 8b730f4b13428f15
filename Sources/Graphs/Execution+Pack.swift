import Kernels

/// Copies weights into the kernels' order, one after another.
func packWeights<K: KernelSet>(_ places: [PackedPlan.Place], _ memory: ExecutionMemory, _ kernels: K) {
    for index in places.indices {
        let place = places[index]
        let source = memory.operand(place.source, K.Scalar.self)
        let target = memory.scratch(Slot(region: .packed, offset: place.offset, count: place.bytes, grows: false))
        switch place.weights.form {
        case .matrix(let packing): kernels.pack(packing, weights: source, into: target)
        case .convolution(let call, let forInputGradient):
            kernels.pack(call, forInputGradient: forInputGradient, weights: source, into: target)
        }
    }
}
