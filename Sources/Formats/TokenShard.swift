/// A file of token numbers: little-endian words of 16 or 32 bits and nothing else (as nanoGPT writes them), the same behind a header of
/// 1,024 bytes (as llm.c does), or an .npy array of whole numbers.
package enum TokenShard {
    package enum Element: String, Sendable, Hashable, Codable, CaseIterable {
        case uint16, uint32

        package var byteCount: Int { self == .uint16 ? 2 : 4 }
    }

    /// Appends the file's tokens to `tokens`.
    /// - Parameter element: the words of a file without a header; those with one say it themselves.
    /// - Throws: `FormatError`, also for a token that the vocabulary of `tokens` lacks.
    package static func read(_ path: String, element: Element, into tokens: inout TokenArray) throws(FormatError) {
        if path.hasSuffix(".npy") || path.hasSuffix(".npy.gz") { return try readArray(path, into: &tokens) }
        let bytes = try FileIO.readUnpacked(path)
        do throws(FormatError) { try decode(bytes, element: element, into: &tokens) } catch { throw error.inFile(path) }
    }

    private static let headerBytes = 1024
    private static let headerMagic: UInt32 = 20_240_520

    package static func decode(_ bytes: [UInt8], element: Element, into tokens: inout TokenArray) throws(FormatError) {
        var (start, element) = (0, element)
        if bytes.count >= headerBytes, bytes.littleEndianWord(at: 0, as: UInt32.self) == headerMagic {
            start = headerBytes
            switch bytes.littleEndianWord(at: 4, as: UInt32.self) {
            case 1: element = .uint16
            case 7: element = .uint32
            case let version:
                throw FormatError(
                    .unsupported, "the header says version \(version), which is not known", at: "byte 4",
                    remedy: "Versions 1 (16-bit tokens) and 7 (32-bit tokens) are.")
            }
            let stated = Int(bytes.littleEndianWord(at: 8, as: UInt32.self))
            let found = (bytes.count - headerBytes) / element.byteCount
            guard stated == found else {
                throw FormatError(
                    .truncated, "the header says \(stated) tokens, the file has \(found)", at: "byte 8", remedy: "Copy the file again.")
            }
        }
        let width = element.byteCount
        guard (bytes.count - start) % width == 0 else {
            throw FormatError(
                .truncated, "\(bytes.count) bytes are no whole number of \(element.rawValue) tokens",
                remedy: "Copy the file again, or set data.element to the type its tokens have.")
        }
        let count = (bytes.count - start) / width
        tokens.reserveCapacity(tokens.count + count)
        if start == 0, element == .uint16 { try checkNotWide(bytes, count: count) }
        for index in 0..<count {
            let place = start + index * width
            let token =
                width == 2
                ? Int(bytes.littleEndianWord(at: place, as: UInt16.self)) : Int(bytes.littleEndianWord(at: place, as: UInt32.self))
            guard token < tokens.vocabulary else { throw tooLarge(token, index: index, at: "byte \(place)", tokens.vocabulary) }
            tokens.append(token)
        }
    }

    /// Words of 32 bits read as 16 would train without complaint on a text in which every second token is 0.
    private static func checkNotWide(_ bytes: [UInt8], count: Int) throws(FormatError) {
        guard count >= 16, count % 2 == 0 else { return }
        var hasContent = false
        for index in stride(from: 0, to: count, by: 2) {
            if bytes[2 * index + 2] != 0 || bytes[2 * index + 3] != 0 { return }
            if bytes[2 * index] != 0 || bytes[2 * index + 1] != 0 { hasContent = true }
        }
        guard hasContent else { return }
        throw FormatError(
            .malformed, "read as uint16, every second token is 0: the tokens seem to be uint32", remedy: "Set data.element=uint32.")
    }

    private static func readArray(_ path: String, into tokens: inout TokenArray) throws(FormatError) {
        let array = try NpyFile.read(path)
        guard let numbers = array.integers() else {
            throw FormatError(
                .malformed, path: path, "the array is of \(array.dtype), tokens are whole numbers",
                remedy: "Save them as numbers: x.astype('uint16').")
        }
        tokens.reserveCapacity(tokens.count + numbers.count)
        for (index, number) in numbers.enumerated() {
            guard number >= 0, number < tokens.vocabulary else {
                throw tooLarge(Int(number), index: index, at: nil, tokens.vocabulary).inFile(path)
            }
            tokens.append(Int(number))
        }
    }

    private static func tooLarge(_ token: Int, index: Int, at place: String?, _ vocabulary: Int) -> FormatError {
        FormatError(
            .malformed, "token \(index) is \(token), the vocabulary has the tokens 0 to \(vocabulary - 1)", at: place,
            remedy: "Give the model's embedding and last layer (and data.vocabulary) as many tokens as the data has.")
    }
}
