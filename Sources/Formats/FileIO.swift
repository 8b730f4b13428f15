#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Whole files in and out, every failed system call an error with the path and the reason.
package enum FileIO {
    /// How `write` reaches the disk.
    package enum WriteMode: Sendable {
        /// Straight into the named file, no sync: for a caller that syncs and renames itself, or does not care.
        case direct
        /// Straight into the named file, then `fsync`: first phase of a commit whose second phase is the caller's rename.
        case synced
        /// Into a temporary file beside it, `fsync`, `rename`, `fsync` of the directory: the name holds the old bytes or the new, never a mix.
        case atomic
    }

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == S_IFDIR
    }

    /// The bytes of a regular file.
    /// - Throws: `FormatError` of kind `missing`, `notPermitted` or `system`.
    /// - Complexity: one allocation of the file's size.
    package static func read(_ path: String) throws(FormatError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(errno, path: path, "cannot open the file for reading") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError(errno, path: path, "cannot ask for the file's size") }
        guard (status.st_mode & S_IFMT) != S_IFDIR else {
            throw FormatError(.system, path: path, "is a directory where a file was expected", remedy: "Name the file inside it.")
        }
        return try readAll(descriptor, expected: Int(status.st_size), path: path)
    }

    /// Reads to the end, also where the size is not known before (a pipe, /proc).
    private static func readAll(_ descriptor: Int32, expected: Int, path: String) throws(FormatError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(expected, 1))
        var filled = 0
        while true {
            if filled == bytes.count {
                // A regular file read to its stated size needs only the read that returns 0.
                var probe: UInt8 = 0
                let more = readRetrying(descriptor, &probe, 1)
                if more == 0 { break }
                if more < 0 { throw systemError(errno, path: path, "reading failed after \(filled) bytes") }
                bytes.append(probe)
                filled += 1
                bytes.append(contentsOf: repeatElement(0, count: max(65536, bytes.count)))
                continue
            }
            let got = bytes.withUnsafeMutableBytes { readRetrying(descriptor, $0.baseAddress! + filled, $0.count - filled) }
            if got < 0 { throw systemError(errno, path: path, "reading failed after \(filled) bytes") }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Writes the bytes as the whole content of `path`.
    /// - Throws: `FormatError`; in mode `.atomic` nothing is left behind under either name but the old content.
    package static func write(_ bytes: [UInt8], to path: String, mode: WriteMode = .atomic) throws(FormatError) {
        guard mode == .atomic else { return try writeFile(bytes, to: path, sync: mode == .synced) }
        let temporary = "\(path).\(getpid()).tmp"
        do throws(FormatError) {
            try writeFile(bytes, to: temporary, sync: true)
            guard rename(temporary, path) == 0 else { throw systemError(errno, path: path, "cannot rename \(temporary) to it") }
        } catch {
            unlink(temporary)
            var named = error
            named.path = path
            throw named
        }
        try syncDirectory(parent(of: path))
    }

    private static func writeFile(_ bytes: [UInt8], to path: String, sync: Bool) throws(FormatError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw systemError(errno, path: path, "cannot open the file for writing") }
        defer { close(descriptor) }
        try append(bytes, to: descriptor, path: path)
        if sync, fsync(descriptor) != 0 { throw systemError(errno, path: path, "cannot bring the file to the disk (fsync)") }
    }

    /// Writes all bytes to an open descriptor, however many calls it takes.
    package static func append(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FormatError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { writeRetrying(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0 { throw systemError(errno, path: path, "writing failed after \(written) of \(bytes.count) bytes") }
            written += count
        }
    }

    /// Makes a rename in this directory survive a crash. File systems that cannot sync a directory are let be.
    package static func syncDirectory(_ path: String) throws(FormatError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(errno, path: path, "cannot open the directory") }
        defer { close(descriptor) }
        if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
            throw systemError(errno, path: path, "cannot bring the directory to the disk (fsync)")
        }
    }

    /// The directory a path lies in: "." for a bare name.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A failed system call as an error; `code` is errno right after the call.
    package static func systemError(_ code: Int32, path: String, _ action: String) -> FormatError {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOENT, ENOTDIR:
            return FormatError(
                .missing, path: path, "\(action): \(reason)", remedy: "Check the path, and the working directory it is relative to.")
        case EACCES, EPERM, EROFS:
            return FormatError(
                .notPermitted, path: path, "\(action): \(reason)", remedy: "Check the owner and the mode of the path, or choose another.")
        case ENOSPC, EDQUOT:
            return FormatError(
                .diskFull, path: path, "\(action): \(reason)", remedy: "Free space or raise the quota, or choose a path on another disk.")
        default:
            return FormatError(.system, path: path, "\(action): \(reason)", remedy: "Check the file system the path is on.")
        }
    }
}

// A read or write that a signal interrupted before any byte moved is not a failure.

private func readRetrying(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    while true {
        let got = read(descriptor, buffer, min(count, 1 << 30))
        if got >= 0 || errno != EINTR { return got }
    }
}

private func writeRetrying(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    while true {
        let put = write(descriptor, buffer, min(count, 1 << 30))
        if put >= 0 || errno != EINTR { return put }
    }
}
