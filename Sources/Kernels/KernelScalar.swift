#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An element type that the reference kernels can compute with.
package protocol KernelScalar: BinaryFloatingPoint, Sendable {
    static func exp(_ x: Self) -> Self
    static func log(_ x: Self) -> Self
    /// log(1 + x) without loss for small x.
    static func log1p(_ x: Self) -> Self
    static func tanh(_ x: Self) -> Self
    static func erf(_ x: Self) -> Self
    static func sqrt(_ x: Self) -> Self
    /// The value as a double; exact.
    var asDouble: Double { get }
    /// The nearest element to a double.
    init(rounding value: Double)
}

extension Double: KernelScalar {
    package static func exp(_ x: Double) -> Double { libraryExp(x) }
    package static func log(_ x: Double) -> Double { libraryLog(x) }
    package static func log1p(_ x: Double) -> Double { libraryLog1p(x) }
    package static func tanh(_ x: Double) -> Double { libraryTanh(x) }
    package static func erf(_ x: Double) -> Double { libraryErf(x) }
    package static func sqrt(_ x: Double) -> Double { x.squareRoot() }
    package var asDouble: Double { self }
    package init(rounding value: Double) { self = value }
}

/// Float functions are the double ones rounded once, so the oracle is right to half a unit in the last place.
extension Float: KernelScalar {
    package static func exp(_ x: Float) -> Float { Float(libraryExp(Double(x))) }
    package static func log(_ x: Float) -> Float { Float(libraryLog(Double(x))) }
    package static func log1p(_ x: Float) -> Float { Float(libraryLog1p(Double(x))) }
    package static func tanh(_ x: Float) -> Float { Float(libraryTanh(Double(x))) }
    package static func erf(_ x: Float) -> Float { Float(libraryErf(Double(x))) }
    package static func sqrt(_ x: Float) -> Float { x.squareRoot() }
    package var asDouble: Double { Double(self) }
    package init(rounding value: Double) { self = Float(value) }
}

// The C library's names would be hidden by the members above.
private func libraryExp(_ x: Double) -> Double { exp(x) }
private func libraryLog(_ x: Double) -> Double { log(x) }
private func libraryLog1p(_ x: Double) -> Double { log1p(x) }
private func libraryTanh(_ x: Double) -> Double { tanh(x) }
private func libraryErf(_ x: Double) -> Double { erf(x) }
