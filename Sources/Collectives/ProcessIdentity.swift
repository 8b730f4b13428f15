#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The machine's host name, or "localhost" where the system does not tell.
package func localHostName() -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let status = buffer.withUnsafeMutableBytes { bytes in
        gethostname(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count - 1)
    }
    guard status == 0, let end = buffer.firstIndex(of: 0), end > 0 else { return "localhost" }
    return String(decoding: buffer[..<end], as: UTF8.self)
}

/// Writes `text` and a newline on stderr in one piece, so that lines of several members do not mix.
package func writeErrorLine(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var offset = 0
    while offset < bytes.count {
        let written = bytes[offset...].withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        if written < 0 {
            if errno == EINTR { continue }
            return
        }
        offset += written
    }
}

/// Ends the process without running exit handlers that could wait for a peer; what was printed is flushed first.
func endProcess(code: Int32) -> Never {
    fflush(nil)
    _exit(code)
}
