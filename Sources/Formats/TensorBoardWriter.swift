#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One TensorBoard event file: scalars and texts by step, in the record framing of TensorFlow.
///
/// Each writer makes a new file (a resumed run too: TensorBoard merges the files of a directory by step). Records collect in a buffer
/// that goes out in whole records when it passes 64 KiB, on `flush` and on `close`; adding a scalar to a warm buffer allocates nothing
/// but what its tag needs. Not for several threads at once.
package final class TensorBoardWriter {
    /// The file being written.
    package let path: String
    private let descriptor: Int32
    private var isOpen = true
    private var event = ProtobufWriter()
    private var pending: [UInt8] = []
    private var failure: FormatError?

    private static let threshold = 1 << 16

    /// Opens `events.out.tfevents.<seconds>.<host>.<pid>.<n>` in an existing directory.
    package init(directory: String, hostName: String) throws(FormatError) {
        let seconds = Int(Self.now())
        var chosen = (path: "", descriptor: Int32(-1))
        for attempt in 0..<1000 {
            let path = "\(directory)/events.out.tfevents.\(seconds).\(hostName).\(getpid()).\(attempt)"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw FileIO.systemError(errno, path: path, "cannot make the event file") }
            chosen = (path, descriptor)
            break
        }
        guard chosen.descriptor >= 0 else {
            throw FormatError(
                .system, path: directory, "a thousand event files of this second exist already", remedy: "Choose another directory.")
        }
        path = chosen.path
        descriptor = chosen.descriptor
        pending.reserveCapacity(Self.threshold + 4096)
        event.bytes.reserveCapacity(4096)

        event.field(1, double: Self.now())
        event.field(3, string: "brain.Event:2")
        appendRecord()
        try flush()
    }

    deinit {
        if isOpen { Self.closeDescriptor(descriptor) }
    }

    /// A point of the curve `tag`. A NaN or an infinity is written as it is: TensorBoard shows it as a gap with a mark.
    package func addScalar(_ tag: String, _ value: Double, step: Int, wallTime: Double? = nil) {
        addSummary(tag, step: step, wallTime: wallTime) { $0.field(2, float: Float(value)) }
    }

    /// A text in Markdown, shown on the Text page: the configuration, an alarm, a rollback.
    package func addText(_ tag: String, _ markdown: String, step: Int, wallTime: Double? = nil) {
        addSummary(tag, step: step, wallTime: wallTime) { message in
            let tensor = message.beginMessage(8)
            message.field(1, varint: 7)  // DT_STRING
            let shape = message.beginMessage(2)
            let extent = message.beginMessage(2)
            message.field(1, varint: 1)
            message.endMessage(extent)
            message.endMessage(shape)
            message.field(8, string: markdown)
            message.endMessage(tensor)

            let metadata = message.beginMessage(9)
            let plugin = message.beginMessage(1)
            message.field(1, string: "text")
            message.endMessage(plugin)
            message.endMessage(metadata)
        }
    }

    private func addSummary(_ tag: String, step: Int, wallTime: Double?, value: (inout ProtobufWriter) -> Void) {
        precondition(isOpen, "TensorBoardWriter: \(path) is closed")
        event.field(1, double: wallTime ?? Self.now())
        event.field(2, varint: UInt64(bitPattern: Int64(step)))
        let summary = event.beginMessage(5)
        let item = event.beginMessage(1)
        event.field(1, string: Self.cleaned(tag))
        value(&event)
        event.endMessage(item)
        event.endMessage(summary)
        appendRecord()
        if pending.count >= Self.threshold {
            do { try flush() } catch { failure = error }
        }
    }

    /// Frames the event: length, checksum of the length, event, checksum of the event. A wrong checksum would hide all that follows.
    private func appendRecord() {
        let start = pending.count
        pending.append(littleEndian: UInt64(event.bytes.count))
        let lengthSum = CRC32C.masked(pending.span.extracting(start..<start + 8))
        pending.append(littleEndian: lengthSum)
        pending.append(contentsOf: event.bytes)
        pending.append(littleEndian: CRC32C.masked(event.bytes.span))
        event.bytes.removeAll(keepingCapacity: true)
    }

    /// Hands all complete records to the system; call every few seconds so that curves are live.
    /// - Throws: `FormatError` of this write, or of an earlier one that `addScalar` could not report. What could not be written is dropped.
    package func flush() throws(FormatError) {
        if let failure {
            self.failure = nil
            throw failure
        }
        guard !pending.isEmpty else { return }
        defer { pending.removeAll(keepingCapacity: true) }
        try FileIO.append(pending, to: descriptor, path: path)
    }

    /// Flushes and closes; later calls of `close` do nothing.
    package func close() throws(FormatError) {
        guard isOpen else { return }
        isOpen = false
        defer { Self.closeDescriptor(descriptor) }
        try flush()
    }

    /// TensorBoard's charset for tags: word characters, '-', '.', '/', no slash in front.
    private static func cleaned(_ tag: String) -> String {
        func isAllowed(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        let isClean = tag.utf8.first != UInt8(ascii: "/") && tag.utf8.allSatisfy(isAllowed)
        if isClean { return tag }
        let replaced = tag.unicodeScalars.map { $0.isASCII && isAllowed(UInt8($0.value)) ? Character($0) : "_" }
        return String(replaced.drop { $0 == "/" })
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func closeDescriptor(_ descriptor: Int32) {
        _ = closeFile(descriptor)
    }
}

/// The system's close, which inside the class would be its method.
private func closeFile(_ descriptor: Int32) -> Int32 { close(descriptor) }
