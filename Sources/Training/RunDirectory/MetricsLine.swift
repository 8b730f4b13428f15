import Formats

/// Builds a line of metrics.jsonl in a buffer that is kept, without allocating once the buffer has grown.
///
/// Numbers that are not finite are written as null and listed under "nonfinite", so that every JSON reader can read every line.
struct MetricsLine {
    private(set) var bytes: [UInt8] = []
    private var nonFinite: [StaticString] = []

    init() { bytes.reserveCapacity(1 << 16) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// One step's line, newline included.
    mutating func append(_ record: StepRecord) {
        text(#"{"event":"step","step":"#)
        integer(record.step)
        text(#","epoch":"#)
        integer(record.epoch)
        text(#","generation":"#)
        integer(record.generation)
        text(#","batch":"#)
        integer(record.batch)
        text(#","samples":"#)
        integer(record.samples)
        // Nine digits tell every Float from its neighbours.
        field("loss", record.loss, digits: 9)
        if record.accuracy != StepRecord.absent { field("accuracy", record.accuracy, digits: 6) }
        field("learning_rate", record.learningRate, digits: 12)
        field("grad_norm", record.gradNorm, digits: 9)
        if record.clipFactor != 1 { field("clip_factor", record.clipFactor, digits: 6) }
        field("samples_per_second", record.samplesPerSecond, digits: 6)
        if record.tokensPerSample > 0 {
            field("tokens_per_second", record.samplesPerSecond * Double(record.tokensPerSample), digits: 6)
        }
        field("step_ms", record.stepMilliseconds, digits: 6)
        field("wait_ms", record.waitMilliseconds, digits: 6)
        field("data_ms", record.dataMilliseconds, digits: 6)
        field("compute_ms", record.computeMilliseconds, digits: 6)
        if record.skipped { text(#","skipped":true"#) }
        field("time", record.time, digits: 13)
        closeObject()
    }

    /// Per-rank means over some steps: `values` holds compute, wait and data milliseconds, `ranks` of each.
    mutating func appendRanks(step: Int, generation: Int, steps: Int, ranks: Int, values: ArraySlice<Double>) {
        text(#"{"event":"ranks","step":"#)
        integer(step)
        text(#","generation":"#)
        integer(generation)
        text(#","steps":"#)
        integer(steps)
        let first = values.startIndex
        list("compute_ms", values[first..<first + ranks])
        list("wait_ms", values[first + ranks..<first + 2 * ranks])
        list("data_ms", values[first + 2 * ranks..<first + 3 * ranks])
        text("}\n")
    }

    /// Any other line, already made.
    mutating func append(contentsOf line: [UInt8]) { bytes.append(contentsOf: line) }

    private mutating func list(_ name: StaticString, _ values: ArraySlice<Double>) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for index in values.indices {
            if index > values.startIndex { bytes.append(UInt8(ascii: ",")) }
            if values[index].isFinite { appendDecimal(values[index], digits: 5, to: &bytes) } else { text("null") }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func field(_ name: StaticString, _ value: Double, digits: Int) {
        key(name)
        if value.isFinite {
            appendDecimal(value, digits: digits, to: &bytes)
        } else {
            text("null")
            nonFinite.append(name)
        }
    }

    private mutating func closeObject() {
        if !nonFinite.isEmpty {
            text(#","nonfinite":["#)
            for index in nonFinite.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(UInt8(ascii: "\""))
                text(nonFinite[index])
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: "]"))
            nonFinite.removeAll(keepingCapacity: true)
        }
        text("}\n")
    }

    private mutating func key(_ name: StaticString) {
        text(",\"")
        text(name)
        text("\":")
    }

    private mutating func text(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func integer(_ value: Int) { appendInteger(value, to: &bytes) }
}

extension MetricsLine {
    /// A line that is not a step's: validation, epoch, generation. The values that are not finite are listed by dotted name.
    static func object(_ members: [(String, JSONValue)]) -> [UInt8] {
        var object = JSONObject(members.map { JSONObject.Member(key: $0.0, value: $0.1) })
        var nonFinite: [JSONValue] = []
        for member in object.members {
            switch member.value {
            case .number(let value) where !value.isFinite: nonFinite.append(.string(member.key))
            case .object(let inner):
                for entry in inner.members {
                    if case .number(let value) = entry.value, !value.isFinite { nonFinite.append(.string("\(member.key).\(entry.key)")) }
                }
            default: break
            }
        }
        if !nonFinite.isEmpty { object["nonfinite"] = .array(nonFinite) }
        return Array(object.serialized().utf8) + [10]
    }

    /// Metrics as an object, in their order.
    static func metrics(_ values: [(String, Double)]) -> JSONValue {
        .object(JSONObject(values.map { JSONObject.Member(key: $0.0, value: .number($0.1)) }))
    }
}
