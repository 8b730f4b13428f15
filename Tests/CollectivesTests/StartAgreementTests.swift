import Collectives
import Testing

@Suite struct StartAgreementTests {
    private func disagreements(_ tables: [[(fact: String, value: String)]]) throws -> [Disagreement] {
        let all = try ThreadGroup.run(tables.count) { group in try group.disagreements(on: tables[group.rank]) }
        for other in all.dropFirst() { #expect(other == all[0]) }
        return all[0]
    }

    @Test func theMinorityIsNamed() throws {
        let found = try disagreements([[("recipe", "a")], [("recipe", "b")], [("recipe", "b")]])
        #expect(found.map(\.rank) == [0])
        #expect(found[0].description == "rank 0 on \(localHostName()) has another recipe: a, the others have b")
    }

    @Test func rankZeroIsRightWhenTheVotesAreEven() throws {
        let found = try disagreements([[("data", "a")], [("data", "b")]])
        #expect(found.map(\.rank) == [1])
    }

    @Test func severalFactsAndMissingOnes() throws {
        let found = try disagreements([
            [("recipe", "a"), ("version", "1")], [("recipe", "a"), ("version", "2")], [("recipe", "a")],
            [("recipe", "a"), ("version", "1")],
        ])
        #expect(found.map(\.rank) == [1, 2])
        #expect(found.map(\.value) == ["2", "nothing"])
    }
}
