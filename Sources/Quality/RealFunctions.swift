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
