/// As much of Protocol Buffers' wire format as TensorBoard events need, appended to a byte buffer that is kept.
struct ProtobufWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A field whose number and wire type are one tag byte (numbers below 16).
    mutating func field(_ number: Int, varint value: UInt64) {
        bytes.append(UInt8(number << 3))
        varint(value)
    }

    mutating func field(_ number: Int, double value: Double) {
        bytes.append(UInt8(number << 3 | 1))
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func field(_ number: Int, float value: Float) {
        bytes.append(UInt8(number << 3 | 5))
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func field(_ number: Int, string: String) {
        bytes.append(UInt8(number << 3 | 2))
        varint(UInt64(string.utf8.count))
        bytes.append(contentsOf: string.utf8)
    }

    /// Begins a nested message whose length is known only at its end; pass the result to `endMessage`.
    mutating func beginMessage(_ number: Int) -> Int {
        bytes.append(UInt8(number << 3 | 2))
        return bytes.count
    }

    /// Inserts the length before the message's bytes. Messages here are short, so moving them costs nothing.
    mutating func endMessage(_ start: Int) {
        var length = UInt64(bytes.count - start)
        var at = start
        while length >= 0x80 {
            bytes.insert(UInt8(length & 0x7F) | 0x80, at: at)
            length >>= 7
            at += 1
        }
        bytes.insert(UInt8(length), at: at)
    }
}
