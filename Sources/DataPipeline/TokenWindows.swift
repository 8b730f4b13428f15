import Formats

/// Samples of a text: windows of `length` tokens, `stride` apart, on a part of one array. The target of a window is the same window one
/// token on, so each needs `length` + 1 tokens.
struct TokenWindows: Sendable {
    let tokens: TokenArray
    /// The part of the array that the windows lie in, targets included.
    let part: Range<Int>
    let length: Int
    let stride: Int

    init(_ tokens: TokenArray, part: Range<Int>? = nil, length: Int, stride: Int) {
        let part = part ?? 0..<tokens.count
        precondition(part.upperBound <= tokens.count && length >= 1 && stride >= 1, "TokenWindows: \(part), \(length), \(stride)")
        self.tokens = tokens
        self.part = part
        self.length = length
        self.stride = stride
    }

    var windowCount: Int { part.count <= length ? 0 : (part.count - length - 1) / stride + 1 }

    func start(ofRow row: Int) -> Int { part.lowerBound + row * stride }

    /// The tokens that some window or its target has; what is left over at the end belongs to none.
    var covered: Range<Int> {
        windowCount == 0 ? part.lowerBound..<part.lowerBound : part.lowerBound..<start(ofRow: windowCount - 1) + length + 1
    }
}
