import Formats

extension KernelBench.Row {
    /// The columns of ``line``.
    package static var heading: String {
        pad("kernel", 44) + pad("type", 6) + right("ms", 10) + right("GFLOP/s", 10) + right("GB/s", 8) + right("share", 8) + "  shape"
    }

    /// One line of the table: the share is of the unit's peak for products, of a copy's bandwidth for the others.
    package var line: String {
        Self.pad(kernel, 44) + Self.pad(type == .scalar ? "fp32" : "bf16", 6) + Self.right(Self.text(milliseconds, 4), 10)
            + Self.right(flops > 0 ? Self.text(flops / milliseconds / 1e6, 4) : "", 10)
            + Self.right(Self.text(bytes / milliseconds / 1e6, 3), 8) + Self.right("\(Self.text((100 * share).rounded(), 3)) %", 8) + "  "
            + shape
    }

    private static func text(_ value: Double, _ digits: Int) -> String { decimalText(value, digits: digits) }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text + " " : text + String(repeating: " ", count: width - text.count)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        text.count >= width ? " " + text : String(repeating: " ", count: width - text.count) + text
    }
}
