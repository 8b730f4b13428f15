/// Text as it may stand in HTML, in elements and in quoted attributes.
func escapedHTML(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        // Control characters are not allowed in HTML, escaped or not.
        case "\t", "\n": result.unicodeScalars.append(character)
        case _ where character.value < 32 || character.value == 127: result += "\u{FFFD}"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// A step number on an axis or in a table: "950", "12,000", "1.5M".
func stepText(_ step: Double) -> String {
    if step >= 1e6 { return decimalText(step / 1e6, digits: 3) + "M" }
    return MetricText.grouped(Int(step))
}
