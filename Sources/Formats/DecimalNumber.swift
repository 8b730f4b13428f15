/// Decimal text to Double straight from bytes, correctly rounded.
///
/// Up to 15 digits with a small exponent are exact in one operation (both factors are exact doubles); anything else goes to the
/// standard library's parser.
enum DecimalNumber {
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    static func parse(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        guard start < end else { return nil }
        return fast(bytes, start, end) ?? slow(bytes, start, end)
    }

    private static func fast(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Double? {
        var at = start
        let isNegative = bytes[at] == UInt8(ascii: "-")
        if isNegative || bytes[at] == UInt8(ascii: "+") { at += 1 }
        var mantissa = 0
        var digits = 0
        var decimals = 0
        var sawPoint = false
        while at < end {
            let byte = bytes[at]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                mantissa = mantissa * 10 + Int(byte - UInt8(ascii: "0"))
                digits += 1
                if sawPoint { decimals += 1 }
                if digits > 15 { return nil }
            } else if byte == UInt8(ascii: "."), !sawPoint {
                sawPoint = true
            } else {
                return nil
            }
            at += 1
        }
        guard digits > 0 else { return nil }
        let value = Double(mantissa) / powers[decimals]
        return isNegative ? -value : value
    }

    private static func slow(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Double? {
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        // Hexadecimal floats are not what anyone means in a table.
        guard !text.utf8.contains(UInt8(ascii: "x")), !text.utf8.contains(UInt8(ascii: "X")) else { return nil }
        return Double(text)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
