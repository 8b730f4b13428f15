import Collectives
import TestSupport
import Testing

@Suite struct ThreadGroupTests {
    @Test(arguments: 1...5)
    func everyCollective(size: Int) throws {
        let findings = try ThreadGroup.run(size) { group in
            var checks = CollectiveChecks(group)
            try checks.runAll()
            return (checks.count, checks.failures)
        }
        #expect(findings.count == size)
        for (count, failures) in findings {
            #expect(count > 50)
            #expect(failures.isEmpty, "\(failures)")
        }
    }

    @Test func aSingleMember() throws {
        var checks = CollectiveChecks(SingleMemberGroup())
        try checks.runAll()
        #expect(checks.failures.isEmpty, "\(checks.failures)")
        #expect(!SingleMemberGroup().hostName.isEmpty)
    }

    struct DiskFull: Error {}

    @Test func aMemberThatThrowsEndsTheOthers() throws {
        let results = ThreadGroup.results(3, deadlineSeconds: 20) { group in
            if group.rank == 1 { throw DiskFull() }
            try group.barrier()
        }
        #expect(throws: DiskFull.self) { try results[1].get() }
        for rank in [0, 2] {
            let error = #expect(throws: CollectiveError.self) { try results[rank].get() }
            #expect(error?.errorClass == "peer")
            #expect(error?.rank == rank)
            #expect(error?.text.contains("rank 1 failed") == true)
        }
        #expect(throws: DiskFull.self) {
            try ThreadGroup.run(3) { group in
                if group.rank == 1 { throw DiskFull() }
                try group.barrier()
            }
        }
    }

    @Test func aMemberThatReturnsEarlyIsNotWaitedFor() throws {
        let results = ThreadGroup.results(2, deadlineSeconds: 20) { group in
            if group.rank == 0 { try group.barrier() }
        }
        let error = #expect(throws: CollectiveError.self) { try results[0].get() }
        #expect(error?.text == "rank 1 has returned already")
    }

    @Test func differentCollectivesAreNamed() throws {
        let results = ThreadGroup.results(2, deadlineSeconds: 20) { group in
            if group.rank == 0 {
                try group.barrier()
            } else {
                _ = try group.allReduceSum(Int64(1))
            }
        }
        for result in results {
            let error = #expect(throws: CollectiveError.self) { try result.get() }
            #expect(error?.errorClass == "mismatch")
            #expect(error?.text == "rank 0 is in barrier [], rank 1 in allReduceSum Int64 [1]")
        }
    }

    @Test func differentCountsAreNamed() throws {
        let results = ThreadGroup.results(2, deadlineSeconds: 20) { group in
            var values = [Float](repeating: 1, count: 3 + group.rank)
            var span = values.mutableSpan
            try group.allReduceSum(&span)
        }
        for result in results {
            let error = #expect(throws: CollectiveError.self) { try result.get() }
            #expect(error?.text == "rank 0 is in allReduceSum Float [3], rank 1 in allReduceSum Float [4]")
        }
    }

    @Test func aMemberThatStallsRunsIntoTheDeadline() throws {
        let results = ThreadGroup.results(2, deadlineSeconds: 0.2) { group in
            let faulty = FaultyGroup(group, faults: group.rank == 0 ? [.stall(call: 2, milliseconds: 800)] : [])
            try faulty.barrier()
            try faulty.barrier()
        }
        for result in results {
            let error = #expect(throws: CollectiveError.self) { try result.get() }
            #expect(error?.errorClass == "timeout")
        }
    }

    @Test func aStallWithinTheDeadlineHarmsNothing() throws {
        let calls = try ThreadGroup.run(2) { group in
            let faulty = FaultyGroup(group, faults: [.stall(call: 1, milliseconds: 20)])
            let sum = try faulty.allReduceSum(1)
            return [Int(sum), faulty.calls]
        }
        #expect(calls == [[2, 1], [2, 1]])
    }

    @Test func anInjectedFailureReachesItsMemberAndThePeers() throws {
        let results = ThreadGroup.results(2, deadlineSeconds: 20) { group in
            let faulty = FaultyGroup(group, faults: group.rank == 1 ? [.fail(call: 2)] : [])
            try faulty.barrier()
            _ = try faulty.allReduceMax(Int64(group.rank))
        }
        let own = #expect(throws: CollectiveError.self) { try results[1].get() }
        #expect(own?.errorClass == "injected")
        #expect(own?.description.contains("call 2 was made to fail") == true)
        let peer = #expect(throws: CollectiveError.self) { try results[0].get() }
        #expect(peer?.errorClass == "peer")
    }

    @Test func abortEndsAllWithCodeAndReason() throws {
        let results = ThreadGroup.results(3, deadlineSeconds: 20) { group -> Int in
            if group.rank == 2 { group.abort(code: 6, reason: "the disk is full") }
            try group.barrier()
            return group.rank
        }
        for (rank, result) in results.enumerated() {
            let error = #expect(throws: CollectiveError.self) { try result.get() }
            #expect(error?.code == 6)
            #expect(error?.text == "rank 2 ended the run: the disk is full")
            #expect(error?.rank == rank)
        }
    }
}
