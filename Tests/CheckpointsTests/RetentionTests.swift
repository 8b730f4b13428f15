import Checkpoints
import Foundation
import Testing

@Suite struct RetentionTests {
    let folder = TemporaryFolder()

    @Test func keepsTheLastGoodOnesAndTheNewest() throws {
        let store = CheckpointStore(directory: folder.path, keep: 2)
        for step in 1...6 {
            try store.saveSample(step: step)
            if step < 6 { try store.mark(step: step, as: .good) }
        }
        try store.prune()
        #expect(store.list().map(\.step) == [4, 5, 6])
        #expect(store.list().map(\.state) == [.good, .good, .candidate])
    }

    @Test func theOnlyGoodOneStaysHoweverManyCandidatesFollow() throws {
        let store = CheckpointStore(directory: folder.path, keep: 1)
        try store.saveSample(step: 1)
        try store.mark(step: 1, as: .good)
        for step in 2...9 { try store.saveSample(step: step) }
        // 2 is the next to be promoted, 9 the newest.
        #expect(store.list().map(\.step) == [1, 2, 9])
    }

    @Test func promotionReachesACandidateThatIsStillThere() throws {
        // Promotion lags three saves behind; retention must not race it.
        let store = CheckpointStore(directory: folder.path, keep: 1)
        var promoted = 0
        for step in 1...20 {
            try store.saveSample(step: step)
            if let pending = store.list().first(where: { $0.state == .candidate && $0.step <= step - 3 }) {
                #expect(try store.mark(step: pending.step, as: .good))
                promoted += 1
            }
        }
        #expect(promoted >= 5)
        #expect(store.list().count <= 4)
    }

    @Test func badOnesGo() throws {
        let store = CheckpointStore(directory: folder.path, keep: 3)
        for step in 1...3 { try store.saveSample(step: step) }
        try store.mark(step: 1, as: .good)
        try store.abandon(after: 1)
        #expect(try store.prune() == [2, 3])
        #expect(store.list().map(\.step) == [1])
    }
}
