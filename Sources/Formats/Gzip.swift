import CZlib

/// gzip (RFC 1952) in memory, over zlib.
package enum Gzip {
    /// Whether the bytes begin as a gzip file does.
    package static func isCompressed(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    /// The content of a gzip file of one or several members, its checksums verified.
    /// - Throws: `FormatError`: truncated when the stream stops early, malformed when a byte or a checksum is wrong.
    package static func decompress(_ bytes: [UInt8]) throws(FormatError) -> [UInt8] {
        let result = bytes.withUnsafeBufferPointer { inflateAll($0) }
        return try result.get()
    }

    /// One gzip member without name or time, so that equal content gives equal bytes.
    package static func compress(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        let code = deflateInit2_(
            &stream, level, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib: deflateInit2 gave \(code) for level \(level)")
        defer { deflateEnd(&stream) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        bytes.withUnsafeBufferPointer { input in
            var offset = 0
            var code = Z_OK
            while code != Z_STREAM_END {
                if stream.avail_in == 0, offset < input.count {
                    let count = min(input.count - offset, 1 << 30)
                    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + offset)
                    stream.avail_in = UInt32(count)
                    offset += count
                }
                code = fill(&stream, &chunk, &output) { deflate(&$0, offset == input.count ? Z_FINISH : Z_NO_FLUSH) }
                precondition(code == Z_OK || code == Z_STREAM_END, "zlib: deflate gave \(code)")
            }
        }
        return output
    }

    /// 15 bits of window, plus 16: the gzip wrapper rather than zlib's.
    private static let gzipWindow: Int32 = 15 + 16

    private static func inflateAll(_ input: UnsafeBufferPointer<UInt8>) -> Result<[UInt8], FormatError> {
        var stream = z_stream()
        let started = inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(started == Z_OK, "zlib: inflateInit2 gave \(started)")
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        output.reserveCapacity(input.count * 4)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        var offset = 0
        while true {
            if stream.avail_in == 0, offset < input.count {
                let count = min(input.count - offset, 1 << 30)
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + offset)
                stream.avail_in = UInt32(count)
                offset += count
            }
            let code = fill(&stream, &chunk, &output) { inflate(&$0, Z_NO_FLUSH) }
            let consumed = offset - Int(stream.avail_in)
            switch code {
            case Z_OK:
                continue
            case Z_STREAM_END:
                // Members may follow one another; anything else after a member is not ours to interpret.
                if consumed == input.count { return .success(output) }
                guard consumed + 1 < input.count, input[consumed] == 0x1F, input[consumed + 1] == 0x8B else {
                    return .failure(
                        FormatError(
                            .malformed, "\(input.count - consumed) bytes follow the end of the gzip data", at: "byte \(consumed)",
                            remedy: "Copy or download the file again."))
                }
                inflateReset(&stream)
            case Z_BUF_ERROR:
                return .failure(
                    FormatError(
                        .truncated, "the gzip data stops before its end (\(output.count) bytes came out)", at: "byte \(input.count)",
                        remedy: "Copy or download the file again."))
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "zlib code \(code)"
                return .failure(
                    FormatError(
                        .malformed, "the gzip data is damaged: \(reason)", at: "byte \(consumed)",
                        remedy: "Copy or download the file again."))
            }
        }
    }

    /// One zlib call into `chunk`, what it produced moved to `output`.
    private static func fill(
        _ stream: inout z_stream, _ chunk: inout [UInt8], _ output: inout [UInt8], _ step: (inout z_stream) -> Int32
    ) -> Int32 {
        chunk.withUnsafeMutableBufferPointer { buffer in
            stream.next_out = buffer.baseAddress!
            stream.avail_out = UInt32(buffer.count)
            let code = step(&stream)
            output.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<(buffer.count - Int(stream.avail_out))]))
            return code
        }
    }
}

extension FileIO {
    /// The bytes of a file, unpacked when it is a gzip file (by its first two bytes, whatever its name).
    package static func readUnpacked(_ path: String) throws(FormatError) -> [UInt8] {
        let bytes = try read(path)
        guard Gzip.isCompressed(bytes) else { return bytes }
        do throws(FormatError) { return try Gzip.decompress(bytes) } catch { throw error.inFile(path) }
    }
}
