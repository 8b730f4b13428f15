/// The number of single-character edits between two words: insertions, deletions, substitutions, and swaps of two neighbours
/// (the restricted Damerau-Levenshtein distance, since swapped letters are the commonest slip of a typing hand).
///
/// - Complexity: O(|a|·|b|) time, O(|b|) memory.
package func editDistance(_ a: String, _ b: String) -> Int {
    let left = Array(a.unicodeScalars)
    let right = Array(b.unicodeScalars)
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    var row = last
    for i in 0..<left.count {
        row[0] = i + 1
        for j in 0..<right.count {
            let substitution = last[j] + (left[i] == right[j] ? 0 : 1)
            row[j + 1] = min(substitution, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
            }
        }
        (beforeLast, last, row) = (last, row, beforeLast)
    }
    return last[right.count]
}

/// The candidate that a mistyped name most likely meant, or nil where none is near: at most a third of the letters may differ
/// (one in short names). A candidate of which the name is a beginning (`val` of `validation`) also counts. Of equals the first is taken.
package func nearestName(to name: String, among candidates: [String]) -> String? {
    let lowered = name.lowercased()
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(lowered, candidate.lowercased())
        guard distance <= max(1, max(lowered.count, candidate.count) / 3) else { continue }
        if best == nil || distance < best!.distance { best = (candidate, distance) }
    }
    if let best { return best.name }
    guard lowered.count >= 3 else { return nil }
    return candidates.first { $0.lowercased().hasPrefix(lowered) }
}

/// `a`, `a or b`, `a, b or c`.
func spoken(_ words: [String], joint: String = "or") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(joint) " + last
}
