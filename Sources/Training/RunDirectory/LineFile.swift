import Checkpoints
import Foundation

/// A text file of whole lines that is only appended to.
///
/// A process that was killed may leave a torn last line; opening cuts it off. A write that fails part-way is taken back, so that the file
/// never has half a line in the middle. Not Sendable: its owner guards it.
final class LineFile {
    let path: String
    private let descriptor: Int32
    /// Bytes of whole lines.
    private(set) var length: Int

    /// Opens or makes the file and repairs its end.
    init(_ path: String) throws(RunDirectoryError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw RunDirectoryError(writing: path, code: errno) }
        length = 0
        let end = Int(lseek(descriptor, 0, SEEK_END))
        length = LineFile.wholeLines(descriptor, end: end)
        if length < end, ftruncate(descriptor, off_t(length)) != 0 {
            let code = errno
            close(descriptor)
            throw RunDirectoryError(writing: path, code: code)
        }
    }

    deinit { close(descriptor) }

    /// The bytes up to and including the last newline: read backwards in blocks, since a log may be large.
    private static func wholeLines(_ descriptor: Int32, end: Int) -> Int {
        var block = [UInt8](repeating: 0, count: 4096)
        var position = end
        while position > 0 {
            let count = min(position, block.count)
            position -= count
            let got = pread(descriptor, &block, count, off_t(position))
            if got <= 0 { return end }
            if let newline = block[..<got].lastIndex(of: 10) { return position + newline + 1 }
        }
        return 0
    }

    /// Appends whole lines; 0 or the error number. After a failure the file is as before.
    func append(_ bytes: [UInt8]) -> Int32 {
        let code = writeAll(descriptor, bytes)
        if code != 0 {
            ftruncate(descriptor, off_t(length))
            return code
        }
        length += bytes.count
        return 0
    }

    /// Returns when the bytes are on the disk; 0 or the error number.
    func synchronise() -> Int32 { fsync(descriptor) == 0 ? 0 : errno }
}
