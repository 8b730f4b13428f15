import Kernels
import TensorCore

/// The Euclidean norm over a whole arena, with one order of additions for everybody.
///
/// The sum of squares is taken in double over fixed blocks of 4,096 elements from the arena's start, and the blocks are added in tree
/// order: a tree of n blocks splits at the largest power of two below n. Neither the number of ranks nor the width of a register shows
/// in the result, and ranks that each hold some of the blocks can add maximal subtrees and arrive at the same bits.
///
/// Blocks are read from the last to the first: whoever passes over the arena next begins at its start, and finds that in the cache.
package struct GlobalNorm: Sendable {
    /// The elements in a block; the last one may be shorter.
    package static let blockElements = 4096

    let kernels: FloatKernels

    package init(kernels: FloatKernels) {
        self.kernels = kernels
    }

    /// The sum of squares of all elements; padding is zero and adds nothing.
    ///
    /// The result is finite exactly when every element is: the square of the largest Float is 1.2e77, so no sum of that many overflows a
    /// double, while one NaN or infinity stays in every sum it enters. It is therefore the test for non-finite gradients as well.
    ///
    /// - Complexity: O(elements); no allocation.
    package func squared(_ arena: Arena<Float>) -> Double {
        arena.withSpan { squared($0) }
    }

    /// The sum of squares of a span, as if it were an arena of its own.
    package func squared(_ elements: Span<Float>) -> Double {
        let blocks = (elements.count + Self.blockElements - 1) / Self.blockElements
        return blocks == 0 ? 0 : tree(elements, first: 0, blocks: blocks)
    }

    private func tree(_ elements: Span<Float>, first: Int, blocks: Int) -> Double {
        if blocks == 1 {
            let start = first * Self.blockElements
            return kernels.sumOfSquares(elements, from: start, count: min(Self.blockElements, elements.count - start))
        }
        let left = 1 << (Int.bitWidth - 1 - (blocks - 1).leadingZeroBitCount)
        let right = tree(elements, first: first + left, blocks: blocks - left)
        return tree(elements, first: first, blocks: left) + right
    }
}

/// What a gradient of this norm has to be multiplied by to have at most the norm `limit`: min(1, limit / (norm + 1e-6)).
///
/// Pascanu, Mikolov & Bengio (2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063, algorithm 1); the 1e-6 is
/// that of PyTorch's `clip_grad_norm_`, so a gradient just within the limit is scaled down by as much.
/// Without a limit the factor is 1. A norm that is not finite gives NaN, since no factor would mend it: the step has to be skipped.
package func clipFactor(norm: Double, limit: Double?) -> Double {
    guard norm.isFinite else { return .nan }
    guard let limit else { return 1 }
    return min(1, limit / (norm + 1e-6))
}
