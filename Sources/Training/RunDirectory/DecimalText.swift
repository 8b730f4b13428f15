/// Appends an integer in decimal. No allocation beyond the buffer's growth.
func appendInteger(_ value: Int, to bytes: inout [UInt8]) {
    var rest = value.magnitude
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    repeat {
        bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
    } while rest > 0
    bytes[start...].reverse()
}

/// Appends a finite number rounded to `digits` significant digits, trailing zeros left out: 0.1, 2302.5, 1.5e-07.
///
/// The rounding is done in double arithmetic and may differ from the exact one in the last digit when the value lies within 1e-16 of a tie;
/// nine digits still give every Float back. 1 ≤ digits ≤ 15.
func appendDecimal(_ value: Double, digits: Int, to bytes: inout [UInt8]) {
    guard value != 0 else { return bytes.append(UInt8(ascii: "0")) }
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    let limit = integerPowerOfTen(digits)
    var exponent = decimalExponent(magnitude)
    var whole = scaled(magnitude, by: digits - 1 - exponent)
    // The estimate of the exponent may be one off, and rounding may carry into a new digit.
    if whole >= limit {
        exponent += 1
        whole = scaled(magnitude, by: digits - 1 - exponent)
    } else if whole < limit / 10 {
        exponent -= 1
        whole = scaled(magnitude, by: digits - 1 - exponent)
    }
    var count = digits
    while count > 1, whole % 10 == 0 {
        whole /= 10
        count -= 1
    }
    let start = bytes.count
    appendInteger(whole, to: &bytes)
    switch exponent {
    case 0..<15 where count > exponent + 1: bytes.insert(UInt8(ascii: "."), at: start + exponent + 1)
    case 0..<15: bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: exponent + 1 - count))
    case -5..<0:
        bytes.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: -exponent), at: start)
        bytes.insert(UInt8(ascii: "."), at: start + 1)
    default:
        if count > 1 { bytes.insert(UInt8(ascii: "."), at: start + 1) }
        bytes.append(UInt8(ascii: "e"))
        bytes.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
        if exponent.magnitude < 10 { bytes.append(UInt8(ascii: "0")) }
        appendInteger(Int(exponent.magnitude), to: &bytes)
    }
}

/// The text of ``appendDecimal(_:digits:to:)``; "nan" and "inf" for what is not finite.
func decimalText(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var bytes: [UInt8] = []
    appendDecimal(value, digits: digits, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// ⌊log10⌋, or one less or more.
private func decimalExponent(_ magnitude: Double) -> Int {
    let binary = Double(magnitude.exponent) + (magnitude.significand - 1)
    return Int((binary * 0.301_029_995_663_981_2).rounded(.down))
}

/// round(magnitude · 10^power).
private func scaled(_ magnitude: Double, by power: Int) -> Int {
    // 10^22 is the last power that a Double holds exactly; a second factor takes the rest.
    var result = magnitude
    var rest = power
    while rest > 22 {
        result *= 1e22
        rest -= 22
    }
    while rest < -22 {
        result /= 1e22
        rest += 22
    }
    result = rest >= 0 ? result * powerOfTen(rest) : result / powerOfTen(-rest)
    return Int(result.rounded(.toNearestOrEven))
}

private func powerOfTen(_ power: Int) -> Double {
    var result = 1.0
    for _ in 0..<power { result *= 10 }
    return result
}

private func integerPowerOfTen(_ power: Int) -> Int {
    var result = 1
    for _ in 0..<power { result *= 10 }
    return result
}
