import Testing
import Training

@Suite struct FaultInjectorTests {
    @Test func readsTheThreeFaults() throws {
        #expect(try InjectedFault(parsing: "nan:rank=1@step=300").kind == .nan(rank: 1))
        #expect(try InjectedFault(parsing: "nan:rank=1@step=300").onset == .step(300))
        #expect(try InjectedFault(parsing: "lr:x100@step=300").kind == .learningRate(factor: 100))
        #expect(try InjectedFault(parsing: "lr:x0.5@epoch=2").onset == .epoch(2))
        #expect(try InjectedFault(parsing: "flip-labels:rank=0@epoch=2").kind == .flipLabels(rank: 0))
    }

    @Test(arguments: [
        ("nan:rank=1", "it has no single @"),
        ("nan:rank=1@step=0", "is not step=N or epoch=N with N from 1"),
        ("nan:rank=1@hour=3", "\"hour\" is neither step nor epoch"),
        ("nan@step=3", "it needs the one argument rank=R"),
        ("nan:rank=-1@step=3", "it needs the one argument rank=R"),
        ("nan:rank=1@epoch=3", "nan begins at a step"),
        ("lr:100@step=3", "lr needs the one argument xFACTOR"),
        ("melt:rank=1@step=3", "\"melt\" is not a fault this version knows (nan, lr, flip-labels)"),
    ])
    func refusesWithTheReason(text: String, reason: String) {
        let error = #expect(throws: UsageError.self) { try InjectedFault(parsing: text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("nan:rank=1@step=300") == true)
    }

    private func injector(_ faults: String..., rank: Int, stepsPerEpoch: Int = 10) throws -> FaultInjector {
        FaultInjector(try faults.map { try InjectedFault(parsing: $0) }, rank: rank, stepsPerEpoch: stepsPerEpoch)
    }

    @Test func nanStrikesOneStepOfOneRank() throws {
        let struck = try injector("nan:rank=1@step=3", rank: 1)
        #expect((1...6).filter { struck.spoilsGradient(step: $0) } == [3])
        let spared = try injector("nan:rank=1@step=3", rank: 0)
        #expect((1...6).allSatisfy { !spared.spoilsGradient(step: $0) })
    }

    @Test func learningRateLastsUntilARollbackPastIt() throws {
        let injector = try injector("lr:x100@step=5", rank: 0)
        #expect((1...8).map { injector.learningRateFactor(step: $0) } == [1, 1, 1, 1, 100, 100, 100, 100])
        injector.rolledBack(to: 6, from: 8)
        #expect(injector.learningRateFactor(step: 7) == 100, "a rollback that does not reach its beginning leaves it")
        injector.rolledBack(to: 4, from: 8)
        #expect((1...20).allSatisfy { injector.learningRateFactor(step: $0) == 1 })
    }

    @Test func aFaultThatHasNotBegunSurvivesARollback() throws {
        let injector = try injector("lr:x100@step=50", rank: 0)
        injector.rolledBack(to: 4, from: 8)
        #expect(injector.learningRateFactor(step: 50) == 100)
    }

    @Test func labelsFlipFromTheEpochOn() throws {
        let injector = try injector("flip-labels:rank=1@epoch=2", rank: 1, stepsPerEpoch: 10)
        #expect(injector.touchesLabels)
        #expect(!injector.flipsLabels(batch: 9))
        #expect(injector.flipsLabels(batch: 10))
        #expect(injector.flipsLabels(batch: 35))
        #expect(try !self.injector("flip-labels:rank=1@epoch=2", rank: 0).touchesLabels)
    }

    @Test func aResumedRunDoesNotRepeatAnInstantaneousFault() throws {
        let injector = try injector("nan:rank=0@step=3", "lr:x10@step=3", rank: 0)
        injector.resumed(after: 5)
        #expect(!injector.spoilsGradient(step: 3))
        #expect(injector.learningRateFactor(step: 6) == 10)
    }
}
