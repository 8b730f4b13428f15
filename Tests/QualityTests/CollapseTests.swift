import Quality
import Testing

/// A network that collapses while the charts are still learning the level of its loss.
@Suite("Collapse in the warm-up")
struct CollapseTests {
    private func firstRollback(steps: Int, seed: Int, _ loss: (Int, inout Noise) -> Double) -> (step: Int, plan: RollbackPlan)? {
        var noise = Noise(UInt64(seed))
        var subject = controller(steps: 5000)
        for t in 1...steps {
            let value = loss(t, &noise)
            if let plan = subject.feed(step(t, losses: [value, value])).rollback { return (t, plan) }
        }
        return nil
    }

    @Test(arguments: [2.3, 8, 60])
    func isFoundBeforeTheLevelIsKnown(_ after: Double) throws {
        for seed in 1...20 {
            let found = firstRollback(steps: 99, seed: seed) { t, noise in
                (t <= 50 ? 2.3 * power(-Double(t) / 30) : after) * power(0.2 * noise.normal())
            }
            let (step, plan) = try #require(found, "seed \(seed)")
            #expect((71...85).contains(step), "seed \(seed): step \(step)")
            #expect(plan.target == 0 && plan.onset <= 50)
        }
    }

    @Test func healthyBeginningsAreLeftAlone() {
        let kinds: [(name: String, loss: @Sendable (Int, inout Noise) -> Double)] = [
            ("quick fall, noisy", { t, noise in max(0.05, 2.3 * power(-Double(t) / 25)) * power(0.8 * noise.normal()) }),
            ("six decades in fifty steps", { t, noise in max(1e-6, power(-Double(t) / 4)) * power(noise.normal()) }),
            ("overshoot of the first steps", { t, noise in (t < 40 ? 9 : 2) * power(0.2 * noise.normal()) }),
            ("nothing learned yet", { _, noise in 2.3 * power(0.1 * noise.normal()) }),
            (
                "one hard stretch of ten batches",
                { t, noise in ((60..<70).contains(t) ? 2.3 : 0.5) * (t < 5 ? 4 : 1) * power(0.2 * noise.normal()) }
            ),
        ]
        for kind in kinds {
            for seed in 1...100 {
                let found = firstRollback(steps: 99, seed: seed, kind.loss)
                #expect(found == nil, "\(kind.name), seed \(seed): rollback in step \(found?.step ?? 0)")
            }
        }
    }
}
