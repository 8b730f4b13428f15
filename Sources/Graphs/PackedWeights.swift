import Kernels
import TensorCore

/// Weights in the order in which kernels of a level consume them, made from the parameters once per step.
struct PackedWeights: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case matrix(WeightPacking)
        case convolution(ConvolutionCall, forInputGradient: Bool)
    }

    /// The position in the graph's list of parameters.
    let parameter: Int
    let form: Form
}

/// Where each packed copy lies, in bytes from the start of their arena.
struct PackedPlan: Sendable {
    struct Place: Sendable {
        let weights: PackedWeights
        let source: Slot
        let offset: Int
        let bytes: Int
        /// The first of the arena's elements.
        let firstElement: Int

        /// How many rows can be packed once the arena's elements before `element` have their values: a convolution counts as one row.
        func rows(before element: Int) -> Int {
            let elements = element - firstElement
            switch weights.form {
            case .matrix(let packing):
                if elements >= packing.rows * packing.rowElements { return packing.rows }
                let block = WeightPacking.rowMultiple * packing.rowElements
                return max(0, elements) / block * WeightPacking.rowMultiple
            case .convolution: return elements >= source.count ? 1 : 0
            }
        }

        /// Up to which of the arena's elements the next part reaches when `rows` have been packed; nil if that is all.
        func nextPart(after rows: Int) -> Int? {
            switch weights.form {
            case .matrix(let packing):
                let end = min(rows + WeightPacking.rowMultiple, packing.rows)
                return rows == packing.rows ? nil : firstElement + end * packing.rowElements
            case .convolution: return rows == 1 ? nil : firstElement + source.count
            }
        }
    }

    private(set) var places: [Place] = []
    private(set) var bytes = 0

    /// The place of a packed copy, made at the first request.
    mutating func slot<K: KernelSet>(_ weights: PackedWeights, source: Slot, _ kernels: K) -> Slot {
        let place: Place
        if let there = places.first(where: { $0.weights == weights }) {
            place = there
        } else {
            let size =
                switch weights.form {
                case .matrix(let packing): kernels.packedBytes(packing)
                case .convolution(let call, let forInputGradient): kernels.packedBytes(call, forInputGradient: forInputGradient)
                }
            place = Place(
                weights: weights, source: source, offset: bytes, bytes: size,
                firstElement: source.offset / MemoryLayout<K.Scalar>.stride)
            places.append(place)
            bytes += (size + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
        }
        return Slot(region: .packed, offset: place.offset, count: place.bytes, grows: false)
    }
}
