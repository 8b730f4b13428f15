// The only file of the module that reaches for the C library: Swift's standard library has no logarithm.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Natural logarithm.
func naturalLogarithm(_ x: Double) -> Double { log(x) }

/// e to the power `x`.
func exponential(_ x: Double) -> Double { exp(x) }

extension Double {
    /// Three significant digits, for sentences: "0.0123", "13.8", "2.45e+06".
    var short: String {
        guard isFinite, self != 0 else { return self == 0 ? "0" : "\(self)" }
        let place = 2 - Int(log10(magnitude).rounded(.down))
        // Powers beyond a Double's range would turn the figure into 0 or infinity.
        guard abs(place) < 300 else { return "\(self)" }
        let power = pow(10, Double(abs(place)))
        let rounded = place >= 0 ? (self * power).rounded() / power : (self / power).rounded() * power
        let text = "\(rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
