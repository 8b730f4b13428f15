extension [UInt8] {
    /// The little-endian word that begins at a byte offset. Traps when it does not lie inside.
    func littleEndianWord<Word: FixedWidthInteger>(at offset: Int, as _: Word.Type) -> Word {
        withUnsafeBytes { Word(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Word.self)) }
    }

    /// The big-endian word that begins at a byte offset. Traps when it does not lie inside.
    func bigEndianWord<Word: FixedWidthInteger>(at offset: Int, as _: Word.Type) -> Word {
        withUnsafeBytes { Word(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: Word.self)) }
    }

    mutating func append<Word: FixedWidthInteger>(littleEndian word: Word) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
    }

    mutating func append<Word: FixedWidthInteger>(bigEndian word: Word) {
        Swift.withUnsafeBytes(of: word.bigEndian) { append(contentsOf: $0) }
    }
}
