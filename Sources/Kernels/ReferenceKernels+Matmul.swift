extension ReferenceKernels {
    package func matmulWorkspace(_ shape: MatmulShape) -> Int { 0 }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func matmul(
        _ shape: MatmulShape, _ a: Span<Scalar>, _ b: Span<Scalar>, bias: Span<Scalar>, activation: Activation, accumulate: Bool,
        into c: inout MutableSpan<Scalar>, workspace: inout MutableSpan<Scalar>
    ) {
        let (m, n, k) = (shape.m, shape.n, shape.k)
        let (aRow, aStep) = shape.form.aTransposed ? (1, m) : (k, 1)
        for i in 0..<m {
            let row = i * n
            for j in 0..<n {
                c[row + j] = (accumulate ? c[row + j] : 0) + (bias.isEmpty ? 0 : bias[j])
            }
            if shape.form.bTransposed {
                for j in 0..<n {
                    var sum = c[row + j]
                    for p in 0..<k { sum += a[i * aRow + p * aStep] * b[j * k + p] }
                    c[row + j] = sum
                }
            } else {
                for p in 0..<k {
                    let factor = a[i * aRow + p * aStep]
                    let line = p * n
                    for j in 0..<n { c[row + j] += factor * b[line + j] }
                }
            }
            if activation != .identity {
                for j in 0..<n { c[row + j] = ActivationMath.value(activation, c[row + j]) }
            }
        }
    }
}
