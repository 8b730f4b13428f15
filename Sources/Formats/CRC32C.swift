/// The Castagnoli checksum (reflected polynomial 0x82F63B78) that TensorBoard's records carry.
package enum CRC32C {
    /// Eight tables, so that eight bytes take one step: table k holds the CRC of a byte followed by k zero bytes.
    private static let tables: [[UInt32]] = {
        var first = [UInt32](repeating: 0, count: 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            first[index] = value
        }
        var tables = [first]
        for _ in 1..<8 {
            let previous = tables.last!
            tables.append(previous.map { $0 >> 8 ^ first[Int($0 & 255)] })
        }
        return tables
    }()

    /// - Complexity: O(bytes), no allocation after the first call.
    package static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        var crc = ~UInt32(0)
        var at = 0
        while at + 8 <= bytes.count {
            for lane in 0..<4 { crc ^= UInt32(bytes[at + lane]) << (8 * UInt32(lane)) }
            var next: UInt32 = 0
            for lane in 0..<4 { next ^= tables[7 - lane][Int(crc >> (8 * UInt32(lane)) & 255)] }
            for lane in 4..<8 { next ^= tables[7 - lane][Int(bytes[at + lane])] }
            crc = next
            at += 8
        }
        while at < bytes.count {
            crc = crc >> 8 ^ tables[0][Int((crc ^ UInt32(bytes[at])) & 255)]
            at += 1
        }
        return ~crc
    }

    /// Rotated and shifted, as TFRecord files store it, so that a checksum of data that holds checksums stays sound.
    package static func masked(_ bytes: Span<UInt8>) -> UInt32 {
        let crc = checksum(bytes)
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }
}
