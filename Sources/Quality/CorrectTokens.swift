/// At how many of `count` places the label has the largest logit, the first of equals; a place with a NaN predicts nothing.
///
/// Whether one label wins can be told without finding the winner: the scan ends at the first logit that beats it. With vocabularies of
/// fifty thousand, where most labels do not win, that is the difference between a few and all logits.
/// - Parameters:
///   - logits: [count × vocabulary].
///   - labels: [count], each in 0 ..< vocabulary.
/// - Complexity: O(count × vocabulary) at most; no allocation.
package func correctTokens(logits: Span<Float>, labels: Span<Int32>, count: Int, vocabulary: Int) -> Int {
    precondition(
        logits.count >= count * vocabulary && labels.count >= count, "\(count) places of \(vocabulary) logits need longer spans")
    // Pointers from checked ranges: with an index check per element the comparison stays scalar.
    return logits.withUnsafeBufferPointer { logits in
        var correct = 0
        for place in 0..<count {
            let label = Int(labels[place])
            precondition(label >= 0 && label < vocabulary, "token \(label) at place \(place), expected 0 ..< \(vocabulary)")
            guard let row = logits.baseAddress.map({ $0 + place * vocabulary }) else { break }
            if wins(row, label: label, vocabulary: vocabulary) { correct += 1 }
        }
        return correct
    }
}

private func wins(_ row: UnsafePointer<Float>, label: Int, vocabulary: Int) -> Bool {
    let own = row[label]
    // Every comparison with a NaN is false, so that one anywhere in the row, the label's own included, loses.
    return all(row, 0..<label) { $0 < own } && all(row, label..<vocabulary) { $0 <= own }
}

/// Whether a condition holds for all elements of a range, asked in blocks that compile to vector comparisons.
@inline(__always)
private func all(_ row: UnsafePointer<Float>, _ range: Range<Int>, _ condition: (Float) -> Bool) -> Bool {
    var index = range.lowerBound
    while index + 32 <= range.upperBound {
        var failures: UInt32 = 0
        for place in index..<index + 32 { failures |= condition(row[place]) ? 0 : 1 }
        if failures != 0 { return false }
        index += 32
    }
    while index < range.upperBound {
        if !condition(row[index]) { return false }
        index += 1
    }
    return true
}
