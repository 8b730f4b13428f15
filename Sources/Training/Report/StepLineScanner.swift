import Foundation

/// Reads the lines of steps as the log writes them, many times faster than a general JSON parser. Long runs have millions of them.
///
/// It knows flat objects of numbers, `true`, `false` and `null`. Whatever else it meets, it gives up on that line and the caller parses it
/// properly, so it need not be right about all of JSON, only never wrong about what it accepts.
struct StepLineScanner {
    private static let start = Array(#"{"event":"step","#.utf8)

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - range: one line, without its newline; the file has a byte after it.
    static func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> ReportData.Step? {
        guard range.count > start.count + 2, range.upperBound < bytes.count, bytes[range.upperBound - 1] == UInt8(ascii: "}"),
            bytes[range.lowerBound..<range.lowerBound + start.count].elementsEqual(start)
        else { return nil }
        var step = ReportData.Step()
        var at = range.lowerBound + start.count
        while at < range.upperBound {
            guard bytes[at] == UInt8(ascii: "\"") else { return nil }
            let keyStart = at + 1
            guard let keyEnd = bytes[keyStart..<range.upperBound].firstIndex(of: UInt8(ascii: "\"")),
                bytes[keyEnd + 1] == UInt8(ascii: ":")
            else { return nil }
            let key = UnsafeBufferPointer(rebasing: bytes[keyStart..<keyEnd])
            at = keyEnd + 2
            // The list of figures that are not finite repeats what their nulls said.
            if bytes[at] == UInt8(ascii: "["), matches(key, "nonfinite") { return step }
            guard let end = bytes[at..<range.upperBound].firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }),
                assign(key, number(bytes, at..<end), to: &step)
            else { return nil }
            if bytes[end] == UInt8(ascii: "}") { return end == range.upperBound - 1 ? step : nil }
            at = end + 1
        }
        return nil
    }

    /// The value of a number, 1 and 0 for true and false, NaN for null; nil for anything else.
    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Double? {
        guard let base = bytes.baseAddress, let first = bytes[range].first else { return nil }
        let text = UnsafeBufferPointer(rebasing: bytes[range])
        if matches(text, "null") { return .nan }
        if matches(text, "true") { return 1 }
        if matches(text, "false") { return 0 }
        guard first == UInt8(ascii: "-") || (48...57).contains(first) else { return nil }
        return (base + range.lowerBound).withMemoryRebound(to: CChar.self, capacity: range.count + 1) { pointer in
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(pointer, &end)
            return end == UnsafeMutablePointer(mutating: pointer) + range.count ? value : nil
        }
    }

    private static func assign(_ key: UnsafeBufferPointer<UInt8>, _ value: Double?, to step: inout ReportData.Step) -> Bool {
        guard let value else { return false }
        if matches(key, "loss") {
            step.loss = value
        } else if matches(key, "accuracy") {
            step.accuracy = value
        } else if matches(key, "learning_rate") {
            step.learningRate = value
        } else if matches(key, "grad_norm") {
            step.gradNorm = value
        } else if matches(key, "samples_per_second") {
            step.samplesPerSecond = value
        } else if matches(key, "step_ms") {
            step.stepMilliseconds = value
        } else if matches(key, "skipped") {
            step.skipped = value == 1
        } else if matches(key, "step") || matches(key, "generation") || matches(key, "epoch") {
            guard let whole = Int(exactly: value) else { return false }
            if matches(key, "step") {
                step.step = whole
            } else if matches(key, "generation") {
                step.generation = whole
            } else {
                step.epoch = whole
            }
        }
        return true
    }

    private static func matches(_ text: UnsafeBufferPointer<UInt8>, _ name: StaticString) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in text.indices where text[index] != name.utf8Start[index] { return false }
        return true
    }
}
