#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The real file system.
package struct POSIXFileSystem: FileSystem {
    package init() {}

    package func makeDirectory(_ path: String) throws(FileSystemError) {
        if isDirectory(path) { return }
        let parent = directoryName(path)
        if parent != path, !exists(parent) {
            try makeDirectory(parent)
        }
        if mkdir(path, 0o777) != 0, errno != EEXIST || !isDirectory(path) {
            throw FileSystemError(operation: "make directory", path: path, code: errno)
        }
    }

    package func write(_ bytes: [UInt8], to path: String) throws(FileSystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileSystemError(operation: "create", path: path, code: errno) }
        var failure: Int32 = writeAll(descriptor, bytes)
        // The kernel may report a full disk only here: a write that "succeeded" into the page cache is not on the disk yet.
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure != 0 { throw FileSystemError(operation: "write", path: path, code: failure) }
    }

    package func rename(_ old: String, to new: String) throws(FileSystemError) {
        if systemRename(old, new) != 0 { throw FileSystemError(operation: "rename to \(fileName(new))", path: old, code: errno) }
    }

    package func synchronise(directory path: String) throws(FileSystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        // Some network file systems cannot flush a directory and say EINVAL; their rename is durable by itself.
        if fsync(descriptor) != 0, errno != EINVAL { throw FileSystemError(operation: "flush", path: path, code: errno) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        var information = stat()
        guard lstat(path, &information) == 0 else {
            if errno == ENOENT { return }
            throw FileSystemError(operation: "remove", path: path, code: errno)
        }
        if information.st_mode & S_IFMT == S_IFDIR {
            for name in try list(path) { try remove(path + "/" + name) }
            if rmdir(path) != 0, errno != ENOENT { throw FileSystemError(operation: "remove", path: path, code: errno) }
        } else if unlink(path) != 0, errno != ENOENT {
            throw FileSystemError(operation: "remove", path: path, code: errno)
        }
    }

    package func read(_ path: String) throws(FileSystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw FileSystemError(operation: "read", path: path, code: errno) }
        var failure: Int32 = 0
        let size = Int(information.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = systemRead(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0 {
                    if errno == EINTR { continue }
                    failure = errno
                    break
                }
                if got == 0 { break }
                count += got
            }
        }
        if failure != 0 { throw FileSystemError(operation: "read", path: path, code: failure) }
        return bytes
    }

    package func list(_ path: String) throws(FileSystemError) -> [String] {
        guard let directory = opendir(path) else { throw FileSystemError(operation: "list", path: path, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package func isDirectory(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    package func freeBytes(at path: String) -> UInt64? {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return nil }
        return UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }
}

/// Writes all bytes to an open file; 0, or the error number.
package func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
    bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            // The kernel writes at most 2^31 - 4096 bytes per call; whole megabytes keep later calls aligned.
            let wrote = systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, min(buffer.count - done, 1 << 30))
            if wrote < 0 {
                if errno == EINTR { continue }
                return errno
            }
            done += wrote
        }
        return 0
    }
}

/// The system's words for an error number.
package func describeErrorNumber(_ code: Int32) -> String {
    // strerror itself is not safe on several threads.
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

// Members of a type hide C functions of the same name; these names reach them.
private func systemRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    guard let buffer else { return 0 }
    return read(descriptor, buffer, count)
}
private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    guard let buffer else { return 0 }
    return write(descriptor, buffer, count)
}
