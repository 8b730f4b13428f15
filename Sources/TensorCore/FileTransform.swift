/// How a parameter's elements in memory map to its elements in a file.
///
/// Files hold PyTorch's shapes and order; memory holds what the kernels read fastest. Every transform is one permutation of axes of the
/// memory's extents, so one loop serves reading, writing and initialisation.
package enum FileTransform: Hashable, Sendable {
    /// Both orders are the same.
    case identity
    /// Memory [in, out], file [out, in]: a dense layer.
    case transposed
    /// Memory [kh, kw, in, out], file [out, in, kh, kw]: a convolution.
    case convolution
    /// A dense layer after a flatten of [h, w, c]: memory [h·w·c, out], file [out, c·h·w], the order in which PyTorch flattens.
    case flattenedTransposed(height: Int, width: Int, channels: Int)

    /// Calls `body(fileIndex, memoryIndex)` for every element in file order.
    ///
    /// - Parameter memoryShape: the extents in memory. Traps when they do not fit the transform.
    /// - Complexity: O(elements). No allocation per element.
    package func forEachElement(memoryShape: [Int], _ body: (_ fileIndex: Int, _ memoryIndex: Int) -> Void) {
        let (extents, permutation) = view(memoryShape)
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in stride(from: extents.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * extents[axis + 1]
        }
        // Every transform has at most four axes; missing outer ones have extent 1.
        var size = (1, 1, 1, 1)
        var step = (0, 0, 0, 0)
        let padding = 4 - permutation.count
        for (position, axis) in permutation.enumerated() {
            switch padding + position {
            case 0: (size.0, step.0) = (extents[axis], strides[axis])
            case 1: (size.1, step.1) = (extents[axis], strides[axis])
            case 2: (size.2, step.2) = (extents[axis], strides[axis])
            default: (size.3, step.3) = (extents[axis], strides[axis])
            }
        }
        var fileIndex = 0
        for a in 0..<size.0 {
            for b in 0..<size.1 {
                for c in 0..<size.2 {
                    let start = a * step.0 + b * step.1 + c * step.2
                    for d in 0..<size.3 {
                        body(fileIndex, start + d * step.3)
                        fileIndex += 1
                    }
                }
            }
        }
    }

    /// The shape that the file has for a parameter of this shape in memory.
    package func fileShape(memoryShape: [Int]) -> [Int] {
        switch self {
        case .identity: return memoryShape
        case .transposed, .flattenedTransposed:
            _ = view(memoryShape)
            return [memoryShape[1], memoryShape[0]]
        case .convolution:
            _ = view(memoryShape)
            return [memoryShape[3], memoryShape[2], memoryShape[0], memoryShape[1]]
        }
    }

    /// The memory's extents as this transform sees them, and the order of those axes in the file.
    private func view(_ memoryShape: [Int]) -> (extents: [Int], permutation: [Int]) {
        switch self {
        case .identity:
            return ([memoryShape.reduce(1, *)], [0])
        case .transposed:
            precondition(memoryShape.count == 2, "FileTransform.transposed: a matrix is needed, got \(describeShape(memoryShape))")
            return (memoryShape, [1, 0])
        case .convolution:
            precondition(
                memoryShape.count == 4, "FileTransform.convolution: [kh, kw, in, out] is needed, got \(describeShape(memoryShape))")
            return (memoryShape, [3, 2, 0, 1])
        case .flattenedTransposed(let height, let width, let channels):
            precondition(
                memoryShape.count == 2 && memoryShape[0] == height * width * channels,
                "FileTransform.flattenedTransposed: \(describeShape(memoryShape)) is not a matrix with \(height)×\(width)×\(channels) rows")
            return ([height, width, channels, memoryShape[1]], [3, 2, 0, 1])
        }
    }
}
