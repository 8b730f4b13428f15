extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func subtract(_ a: Span<Scalar>, _ b: Span<Scalar>, into c: inout MutableSpan<Scalar>) {
        for i in 0..<c.count { c[i] = a[i] - b[i] }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func scale(_ a: Span<Scalar>, by factor: Scalar, into c: inout MutableSpan<Scalar>) {
        for i in 0..<c.count { c[i] = a[i] * factor }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func addInPlace(_ a: Span<Scalar>, to b: inout MutableSpan<Scalar>) {
        for i in 0..<a.count { b[i] += a[i] }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func sumOfSquares(_ x: Span<Scalar>, from start: Int, count: Int) -> Double {
        var lanes = SIMD16<Double>()
        for i in 0..<count {
            let value = x[start + i].asDouble
            lanes[i & 15] += value * value
        }
        let eight = lanes.lowHalf + lanes.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

/// How a dropout rate becomes integers, in one place for all levels.
enum DropoutRule {
    /// Words below this are dropped.
    static func threshold(rate: Double) -> UInt32 {
        precondition(rate >= 0 && rate < 1, "A dropout rate lies in 0 ..< 1, not \(rate)")
        return UInt32(min((rate * 0x1p32).rounded(), 0xFFFF_FFFF))
    }

    /// What a kept element is multiplied by.
    static func keptScale(rate: Double) -> Double { 1 / (1 - rate) }
}
