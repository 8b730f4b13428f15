/// The Unicode scalars of UTF-8 bytes, without a String of them: a text of gigabytes is read once, and a bad byte has a place.
package enum UTF8Text {
    /// Calls `body` with every scalar in order. A byte order mark at the beginning is no part of the text.
    /// - Throws: `FormatError` (malformed) at the first byte that is not UTF-8.
    /// - Complexity: O(bytes); allocates nothing.
    package static func forEachScalar(of bytes: [UInt8], _ body: (UInt32) -> Void) throws(FormatError) {
        let bad = bytes.withUnsafeBufferPointer { scan($0, body) }
        guard let bad else { return }
        throw FormatError(
            .malformed, "the text is not UTF-8: the byte 0x\(String(bytes[bad], radix: 16, uppercase: true)) does not belong there",
            at: "byte \(bad)", remedy: "Convert the file: iconv -f LATIN1 -t UTF-8.")
    }

    /// The place of the first bad byte; nil for a text without any.
    private static func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (UInt32) -> Void) -> Int? {
        var index = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
        while index < bytes.count {
            let lead = bytes[index]
            if lead < 0x80 {
                body(UInt32(lead))
                index += 1
                continue
            }
            // The bounds of the second byte keep out overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
            let (length, low, high): (Int, UInt8, UInt8)
            switch lead {
            case 0xC2...0xDF: (length, low, high) = (2, 0x80, 0xBF)
            case 0xE0: (length, low, high) = (3, 0xA0, 0xBF)
            case 0xED: (length, low, high) = (3, 0x80, 0x9F)
            case 0xE1...0xEF: (length, low, high) = (3, 0x80, 0xBF)
            case 0xF0: (length, low, high) = (4, 0x90, 0xBF)
            case 0xF1...0xF3: (length, low, high) = (4, 0x80, 0xBF)
            case 0xF4: (length, low, high) = (4, 0x80, 0x8F)
            default: return index
            }
            guard index + length <= bytes.count, bytes[index + 1] >= low, bytes[index + 1] <= high else { return index }
            var scalar = UInt32(lead) & (0x7F >> UInt32(length))
            for place in index + 1..<index + length {
                guard bytes[place] & 0xC0 == 0x80 else { return index }
                scalar = scalar << 6 | UInt32(bytes[place] & 0x3F)
            }
            body(scalar)
            index += length
        }
        return nil
    }
}
