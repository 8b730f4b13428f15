/// A fact on which a member differs from the majority.
package struct Disagreement: Sendable, Equatable, CustomStringConvertible {
    /// The member that differs, and its machine.
    package var rank: Int
    package var hostName: String
    /// What it differs in: "recipe", "binary version".
    package var fact: String
    /// Its value, and the value of most members (of rank 0's side where the members are split evenly).
    package var value: String
    package var expected: String

    package var description: String {
        "rank \(rank) on \(hostName) has another \(fact): \(value), the others have \(expected)"
    }
}

extension CollectiveGroup {
    /// Compares named facts (recipe hash, binary version, parameter layout, data fingerprint) over all members and says who differs.
    ///
    /// Every member gets the same list, so every member takes the same way out; it is empty where all agree. A member that lacks a fact
    /// has the value "nothing". Facts are reported in rank 0's order, then members by rank.
    package func disagreements(on facts: [(fact: String, value: String)]) throws(CollectiveError) -> [Disagreement] {
        guard size > 1 else { return [] }
        // Unit separators cannot occur in hashes and versions, and keep this free of any file format.
        let mine = hostName + facts.map { "\u{1e}\($0.fact)\u{1f}\($0.value)" }.joined()
        var hosts: [String] = []
        var tables: [[(fact: String, value: String)]] = []
        for text in try allGatherText(mine) {
            let parts = text.split(separator: "\u{1e}", omittingEmptySubsequences: false)
            hosts.append(String(parts[0]))
            tables.append(
                parts.dropFirst().map { part in
                    let pair = part.split(separator: "\u{1f}", maxSplits: 1, omittingEmptySubsequences: false)
                    return (String(pair[0]), pair.count > 1 ? String(pair[1]) : "")
                })
        }
        return differences(hosts: hosts, tables: tables)
    }
}

/// The pure half of `disagreements`: who differs, given everyone's facts.
func differences(hosts: [String], tables: [[(fact: String, value: String)]]) -> [Disagreement] {
    var names: [String] = []
    for table in tables {
        for entry in table where !names.contains(entry.fact) { names.append(entry.fact) }
    }
    var result: [Disagreement] = []
    for name in names {
        let values = tables.map { table in table.first { $0.fact == name }?.value ?? "nothing" }
        // The majority's value; the value seen first wins a draw, so that two halves blame the half without rank 0.
        var expected = values[0]
        var votes = 0
        for candidate in values {
            let count = values.count { $0 == candidate }
            if count > votes { (expected, votes) = (candidate, count) }
        }
        for (rank, value) in values.enumerated() where value != expected {
            result.append(Disagreement(rank: rank, hostName: hosts[rank], fact: name, value: value, expected: expected))
        }
    }
    return result
}
