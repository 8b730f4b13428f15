import Checkpoints
import Collectives
import Foundation
import TestSupport
import Testing

/// The disk fills, the process dies: at every single operation of a save.
@Suite struct InterruptionTests {
    let folder = TemporaryFolder()

    /// A store with good step 100 and candidate step 200, and how many operations one more save takes.
    private func prepared() throws -> (store: CheckpointStore, operations: Int) {
        let store = CheckpointStore(directory: folder.path)
        try store.prepare()
        try store.saveSample(step: 100)
        try store.mark(step: 100, as: .good)
        try store.saveSample(step: 200)
        let counter = FaultyFileSystem(fault: .none)
        let probe = TemporaryFolder()
        try CheckpointStore(directory: probe.path, fileSystem: counter).saveSample(step: 300)
        return (store, counter.operations)
    }

    @Test func aKillAtAnyPointLeavesThePreviousOneLoadable() throws {
        let (store, operations) = try prepared()
        #expect(operations > 6)
        for step in 1...operations + 4 {
            let dying = CheckpointStore(directory: folder.path, fileSystem: FaultyFileSystem(fault: .kill(operation: step)))
            _ = try? dying.saveSample(step: 300)
            let (found, passedOver) = store.newestUsable()
            let newest = try #require(found, "killed at operation \(step)")
            #expect(newest.step == 300 || newest.step == 200)
            #expect(passedOver.isEmpty, "killed at operation \(step): \(passedOver)")
            _ = try store.load(step: newest.step)
            try store.prepare()
            #expect(names(in: folder.path).allSatisfy { $0.hasPrefix("step-") }, "\(names(in: folder.path))")
            #expect(store.newestUsable().checkpoint?.step == newest.step)
            try? FileManager.default.removeItem(atPath: folder.path + "/step-00000300")
        }
    }

    @Test func aKillWhileReplacingTheSameStepLosesNeither() throws {
        let (store, _) = try prepared()
        try store.saveSample(step: 300)
        for operation in 1...14 {
            let dying = CheckpointStore(directory: folder.path, fileSystem: FaultyFileSystem(fault: .kill(operation: operation)))
            _ = try? dying.saveSample(step: 300, generation: 1)
            try store.prepare()
            #expect(store.newestUsable().checkpoint?.step == 300, "killed at operation \(operation)")
        }
    }

    @Test func everyFailureIsATypedErrorAndThePreviousOneIsIntact() throws {
        let (store, operations) = try prepared()
        var failures = 0
        for operation in 1...operations {
            let failing = CheckpointStore(
                directory: folder.path, fileSystem: FaultyFileSystem(fault: .fail(operation: operation, code: EIO)))
            do {
                try failing.saveSample(step: 300)
            } catch let error as CheckpointError {
                failures += 1
                #expect(error.kind == .inputOutput && error.exitCode == 6)
                #expect(error.description.contains("previous checkpoint is intact"))
                #expect(store.newestUsable().checkpoint?.step == 200, "failed at operation \(operation)")
                #expect(names(in: folder.path) == ["step-00000100", "step-00000200"], "failed at operation \(operation)")
            }
            try? FileManager.default.removeItem(atPath: folder.path + "/step-00000300")
        }
        #expect(failures >= 6)
    }

    @Test func theFirstSaveHasNothingBeforeIt() throws {
        try withTemporaryDirectory { path in
            let full = CheckpointStore(
                directory: path + "/checkpoints", fileSystem: FaultyFileSystem(fault: .failWrites(from: 1, code: ENOSPC)))
            try full.prepare()
            let error = #expect(throws: CheckpointError.self) { try full.saveSample(step: 0) }
            #expect(error?.description.contains("It would have been the first one.") == true, "\(String(describing: error))")
            #expect(error?.description.contains("--resume") == false)
        }
    }

    @Test(arguments: [ENOSPC, EDQUOT]) func aFullDiskSaysWhatIsNeededAndFree(_ code: Int32) throws {
        let (store, _) = try prepared()
        let full = CheckpointStore(directory: folder.path, fileSystem: FaultyFileSystem(fault: .failWrites(from: 1, code: code)))
        #expect {
            try full.saveSample(step: 300)
        } throws: { error in
            guard let error = error as? CheckpointError else { return false }
            return error.kind == .diskFull && error.exitCode == 6 && error.path.hasSuffix("model.safetensors")
                && error.description.contains(code == ENOSPC ? "the disk is full" : "the quota is used up")
                && error.description.contains("needed") && error.description.contains("free")
        }
        #expect(store.newestUsable().checkpoint?.step == 200)
    }

    @Test func anUnwritableFolderIsSaidSo() throws {
        let failing = CheckpointStore(directory: folder.path, fileSystem: FaultyFileSystem(fault: .fail(operation: 2, code: EACCES)))
        #expect { try failing.saveSample(step: 1) } throws: { error in
            guard let error = error as? CheckpointError else { return false }
            return error.kind == .unwritable && error.exitCode == 6 && error.description.contains("Allow this user to write")
        }
    }
}
