/// How a stored byte becomes an input: v / divisor, then (v − mean) / std where a normalisation is asked for.
///
/// Divided, not multiplied by a reciprocal, so that the figures are exactly those of other tools.
struct ByteScaling: Hashable, Sendable {
    /// 255 for images, 16 for the bundled digits.
    var divisor: Float
    /// As many as `std`: none, one, or one per channel.
    var mean: [Float]
    var std: [Float]

    init(divisor: Float, normalize: DataSpec.Normalization? = nil) {
        self.divisor = divisor
        let channels = normalize.map { max($0.mean.count, $0.std.count) } ?? 0
        // A single mean or deviation beside several of the other serves them all.
        mean = normalize.map { $0.mean.count == channels ? $0.mean : Array(repeating: $0.mean[0], count: channels) } ?? []
        std = normalize.map { $0.std.count == channels ? $0.std : Array(repeating: $0.std[0], count: channels) } ?? []
    }

    /// Converts `bytes[from..<from + count]` to `target[at...]`. The channel is the index modulo the number of channels.
    /// - Complexity: O(count); allocates nothing.
    func convert(_ bytes: Span<UInt8>, from: Int, count: Int, into target: inout MutableSpan<Float>, at: Int) {
        switch mean.count {
        case 0: bytes.scale(from: from, count: count, divisor: divisor, mean: 0, std: 1, into: &target, at: at)
        case 1: bytes.scale(from: from, count: count, divisor: divisor, mean: mean[0], std: std[0], into: &target, at: at)
        default:
            let (mean, std) = (mean.span, std.span)
            var channel = 0
            for index in 0..<count {
                target[at + index] = (Float(bytes[from + index]) / divisor - mean[channel]) / std[channel]
                channel = channel + 1 == mean.count ? 0 : channel + 1
            }
        }
    }

    /// The same for numbers that are already scaled, or were never bytes: only the normalisation, in place.
    func normalize(_ values: inout [Float]) {
        guard !mean.isEmpty else { return }
        for index in values.indices {
            let channel = index % mean.count
            values[index] = (values[index] - mean[channel]) / std[channel]
        }
    }

    /// The value of byte `byte` in channel `channel`.
    func value(_ byte: UInt8, channel: Int) -> Float {
        let scaled = Float(byte) / divisor
        return mean.isEmpty ? scaled : (scaled - mean[channel % mean.count]) / std[channel % mean.count]
    }
}
