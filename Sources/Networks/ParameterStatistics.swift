import TensorCore

/// One parameter's values in figures: part of a model's quality as a function of its parameters.
package struct ParameterStatistics: Sendable, Equatable {
    package let name: String
    /// Elements.
    package let count: Int
    /// Euclidean, over the finite elements; so are the next three.
    package let norm: Double
    package let mean: Double
    package let minimum: Double
    package let maximum: Double
    /// Elements that are NaN or infinite.
    package let nonFinite: Int
    /// Elements that are exactly 0.
    package let zeros: Int

    package var isFinite: Bool { nonFinite == 0 }
}

extension Network {
    /// The figures of every parameter, in the model's order. Sums are in double and in memory order.
    ///
    /// - Parameter arena: parameters, or gradients or optimiser states of the same layout.
    /// - Complexity: O(elements).
    package static func statistics(_ layout: ParameterLayout, of arena: Arena<Float>) -> [ParameterStatistics] {
        layout.modelOrder.map { entry in
            var (squares, sum, nonFinite, zeros) = (0.0, 0.0, 0, 0)
            var (minimum, maximum) = (Double.infinity, -Double.infinity)
            arena.withSpan(entry.range) { values in
                for index in values.indices {
                    let value = Double(values[index])
                    guard value.isFinite else {
                        nonFinite += 1
                        continue
                    }
                    squares += value * value
                    sum += value
                    minimum = Swift.min(minimum, value)
                    maximum = Swift.max(maximum, value)
                    if value == 0 { zeros += 1 }
                }
            }
            let finite = entry.count - nonFinite
            return ParameterStatistics(
                name: entry.name, count: entry.count, norm: squares.squareRoot(), mean: finite == 0 ? 0 : sum / Double(finite),
                minimum: finite == 0 ? 0 : minimum, maximum: finite == 0 ? 0 : maximum, nonFinite: nonFinite, zeros: zeros)
        }
    }
}
