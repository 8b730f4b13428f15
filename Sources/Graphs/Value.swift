import TensorCore

/// Names a value of a ``Graph``.
package struct ValueID: Hashable, Sendable, Comparable {
    package let index: Int

    package init(_ index: Int) { self.index = index }

    package static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// What is known of a value before anything runs.
package struct Value: Sendable, Equatable {
    /// Whether the leading batch dimension is there.
    package enum Extent: Sendable {
        /// One copy of ``Value/shape`` per batch row.
        case rows
        /// One copy, whatever the batch: a parameter or its gradient.
        case fixed
    }

    /// What an element is.
    package enum Element: Sendable {
        /// The precision of the program: Float or Double.
        case scalar
        /// Two bytes: the activations and gradients of mixed precision.
        case bfloat16
        /// A class of a label, a token: Int32.
        case label
        /// A position in a pooling window: UInt8.
        case position
        /// A key of the random generator, one per row: UInt64.
        case key
    }

    /// The extents without the batch dimension.
    package let shape: Shape
    package let extent: Extent
    package let element: Element

    init(shape: Shape, extent: Extent, element: Element = .scalar) {
        self.shape = shape
        self.extent = extent
        self.element = element
    }

    /// The last extent: the columns when the value is seen as a matrix. 1 for scalars.
    var columns: Int { shape.dimensions.last ?? 1 }
    /// The rows of that matrix for one batch row (or in all, for a fixed value).
    var lead: Int { shape.elementCount / columns }
}
