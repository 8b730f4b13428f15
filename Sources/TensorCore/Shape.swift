/// The extents of a value, without the leading batch dimension.
///
/// An image of 28 by 28 with one channel is `Shape([28, 28, 1])`; a batch of them has the same shape and a run-time number of rows.
/// The empty shape is a scalar: one element.
package struct Shape: Hashable, Sendable {
    /// The extents, outermost first. All are at least 1.
    package let dimensions: [Int]

    /// - Precondition: every extent is at least 1 (a shape that comes from a person is checked before it gets here).
    package init(_ dimensions: [Int]) {
        for extent in dimensions {
            precondition(extent >= 1, "Shape: every extent has to be at least 1, got \(dimensions)")
        }
        self.dimensions = dimensions
    }

    /// The number of dimensions. Complexity: O(1).
    package var rank: Int { dimensions.count }

    /// The number of elements of one row. Complexity: O(rank).
    package var elementCount: Int { dimensions.reduce(1, *) }

    /// The extent of one dimension. Traps when `axis` is out of range.
    package subscript(axis: Int) -> Int { dimensions[axis] }
}

extension Shape: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
    /// "28×28×1", or "scalar".
    package var description: String { describeShape(dimensions) }
}

/// How a list of extents is written in messages and tables: "28×28×1"; the empty list is "scalar".
package func describeShape(_ dimensions: [Int]) -> String {
    guard !dimensions.isEmpty else { return "scalar" }
    return dimensions.map { String($0) }.joined(separator: "×")
}
