import Formats
import TestSupport
import Testing

struct FileIOTests {
    @Test(arguments: [FileIO.WriteMode.direct, .synced, .atomic])
    func whatIsWrittenIsReadBack(_ mode: FileIO.WriteMode) throws {
        try withTemporaryDirectory { folder in
            let path = "\(folder)/file"
            for content in [[UInt8](repeating: 7, count: 300_000), [], [1, 2, 3]] {
                try FileIO.write(content, to: path, mode: mode)
                #expect(try FileIO.read(path) == content)
            }
            #expect(FileIO.exists(path) && !FileIO.exists("\(folder)/file.tmp") && FileIO.isDirectory(folder) && !FileIO.isDirectory(path))
        }
    }

    @Test func readsFilesWithoutASize() throws {
        #expect(try !FileIO.read("/proc/self/status").isEmpty)
    }

    @Test func aFullDiskIsNamedAsSuch() {
        #expect(throws: FormatError.self) { try FileIO.write([1], to: "/dev/full", mode: .direct) }
        let text = errorText { try FileIO.write([1], to: "/dev/full", mode: .direct) }
        #expect(
            text
                == "/dev/full: writing failed after 0 of 1 bytes: No space left on device. Free space or raise the quota, or choose a path on another disk."
        )
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        try withTemporaryDirectory { folder in
            #expect(errorText { _ = try FileIO.read("\(folder)/none") }?.contains("No such file or directory. Check the path") == true)
            #expect(errorText { _ = try FileIO.read(folder) }?.contains("is a directory where a file was expected") == true)
            let text = errorText { try FileIO.write([1], to: "\(folder)/none/file") }
            #expect(text?.hasPrefix("\(folder)/none/file: cannot open the file for writing: No such file or directory") == true)
        }
    }

    @Test func parentsOfPaths() {
        #expect(FileIO.parent(of: "a") == "." && FileIO.parent(of: "/a") == "/" && FileIO.parent(of: "a/b/c") == "a/b")
    }
}
