import Foundation
import TestSupport

/// docs/mathematics.md as a test reads it: its numbers by the names in their markers, `1.5<!--neuron.z-->`.
struct MathematicsPage {
    /// A number, or a list or matrix of numbers row by row, as printed in one place.
    struct Printed {
        let name: String
        let line: Int
        let text: String
        let values: [Double]
        /// Half a unit in the last printed place of each value.
        let tolerances: [Double]
    }

    /// In the order of the page. A name may be printed in several places.
    let printed: [Printed]
    /// Numbers with a decimal point that no marker vouches for, with their lines.
    let unmarked: [(line: Int, text: String)]

    init() throws {
        let text = try String(contentsOfFile: Locations.repositoryRoot + "/docs/mathematics.md", encoding: .utf8)
        var printed: [Printed] = []
        var unmarked: [(line: Int, text: String)] = []
        let marked = #/(\[[-−0-9., \[\]]*\]|[-−]?[0-9]+(?:\.[0-9]+)?)<!--([A-Za-z0-9.]+)-->/#
        let decimal = #/[0-9]+\.[0-9]+/#
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for match in line.matches(of: marked) {
                let numbers = match.1.matches(of: #/[-−]?[0-9]+(\.[0-9]+)?/#).map { String($0.0) }
                printed.append(
                    Printed(
                        name: String(match.2), line: index + 1, text: String(match.1),
                        values: numbers.compactMap { Double($0.replacing("−", with: "-")) },
                        tolerances: numbers.map { number in
                            let places = number.firstIndex(of: ".").map { number.distance(from: $0, to: number.endIndex) - 1 } ?? 0
                            return 0.5 * pow(10, -Double(places))
                        }))
            }
            let rest = line.replacing(marked, with: "").replacing(#/arXiv:[0-9.]+/#, with: "")
            for match in rest.matches(of: decimal) { unmarked.append((index + 1, String(match.0))) }
        }
        self.printed = printed
        self.unmarked = unmarked
    }

    /// The values of a name. Traps if the page does not have it: the test asks for what is not there.
    func values(_ name: String) -> [Double] {
        guard let found = printed.first(where: { $0.name == name }) else {
            preconditionFailure("docs/mathematics.md has no number that is marked \(name)")
        }
        return found.values
    }
}
