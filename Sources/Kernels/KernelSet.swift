/// Every operation a program can call, at one level of instructions.
///
/// Conventions. Matrices and images are row-major, the batch is the leading dimension, images are NHWC. `rows` is the run-time number
/// of batch rows, 0 allowed; elements beyond it are neither read nor written, so a span may be longer than needed and never shorter.
/// An empty span means "absent" where the comment says so. Outputs are stored, not added to, unless the comment says so; so gradients
/// need no zeroing, and rows = 0 gives zero weight gradients. Workspaces are scratch: what they hold before and after is undefined,
/// and no result depends on their size. Nothing here allocates. A span that is too short traps.
///
/// `subtract` and `scale` allow the output to be exactly the memory of an input.
///
/// Determinism. For one level, every result depends only on the values and extents given. Moreover row r of a forward result depends
/// only on row r of the input: not on the number of rows in the call, nor on r. Each element of a matrix product or convolution is
/// one chain of multiply-adds in ascending order of k, started from the bias (or from the old c), whatever the tile it falls in.
package protocol KernelSet<Scalar>: MatrixKernels, ConvolutionKernels, SequenceKernels, NormalisationKernels, MixedKernels {
    var instructionSet: InstructionSet { get }

    // MARK: Matrix products

    /// Elements of workspace for this product. Enough for every shape of the same form with no larger extents.
    func matmulWorkspace(_ shape: MatmulShape) -> Int

    /// c[M,N] = activation(a·b + bias), or activation(c + a·b + bias) if `accumulate`. `bias` is [N] or empty.
    /// - Complexity: O(M·N·K).
    func matmul(
        _ shape: MatmulShape, _ a: Span<Scalar>, _ b: Span<Scalar>, bias: Span<Scalar>, activation: Activation, accumulate: Bool,
        into c: inout MutableSpan<Scalar>, workspace: inout MutableSpan<Scalar>)

    // MARK: Elementwise; the count is that of the output

    func subtract(_ a: Span<Scalar>, _ b: Span<Scalar>, into c: inout MutableSpan<Scalar>)
    func scale(_ a: Span<Scalar>, by factor: Scalar, into c: inout MutableSpan<Scalar>)
    /// b += a over the count of `a`: one rounding per element, the same bits at every level. The gradient tree's add.
    func addInPlace(_ a: Span<Scalar>, to b: inout MutableSpan<Scalar>)

    // MARK: Convolution + bias + activation + max pooling in one; the map before the pooling is never stored

    /// Elements of workspace for the two functions below; independent of the rows.
    func convolvePoolWorkspace(convolution: WindowShape, pool: WindowShape) -> Int
    /// y[B, ph, pw, F] and the winner's position in its window (row-major; the first maximum wins, NaN wins over all).
    /// - Precondition: `activation` is identity or relu; the pool window has at most 256 positions.
    func convolvePool(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Scalar>, weights: Span<Scalar>, bias: Span<Scalar>,
        activation: Activation, into y: inout MutableSpan<Scalar>, winners: inout MutableSpan<UInt8>,
        workspace: inout MutableSpan<Scalar>)
    /// Gradients of `convolvePool` from dy[B, ph, pw, F], the activation's gradient included. `biasGradient` and `inputGradient` may be
    /// empty (not wanted; the weights may then be empty too if `inputGradient` is).
    func convolvePoolGradients(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Scalar>, weights: Span<Scalar>, activation: Activation,
        output y: Span<Scalar>, winners: Span<UInt8>, outputGradient dy: Span<Scalar>, weightGradient dw: inout MutableSpan<Scalar>,
        biasGradient: inout MutableSpan<Scalar>, inputGradient dx: inout MutableSpan<Scalar>, workspace: inout MutableSpan<Scalar>)

    // MARK: Softmax and losses; `rowLoss` is [rows], gradients are those of scale·Σ rowLoss

    func softmax(rows: Int, columns: Int, _ x: Span<Scalar>, into y: inout MutableSpan<Scalar>)
    /// dx = y·(dy − Σ y·dy) per row.
    func softmaxGradient(
        rows: Int, columns: Int, output y: Span<Scalar>, outputGradient: Span<Scalar>, into dx: inout MutableSpan<Scalar>)
    /// rowLoss = log Σ exp(logits) − logits[class]. Traps on a class outside 0..<columns.
    func softmaxCrossEntropy(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, into rowLoss: inout MutableSpan<Scalar>)
    /// (softmax − onehot)·scale.
    func softmaxCrossEntropyGradient(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, scale: Scalar, into gradient: inout MutableSpan<Scalar>)
    /// Loss and gradient in one pass.
    func softmaxCrossEntropyBoth(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, scale: Scalar, into rowLoss: inout MutableSpan<Scalar>,
        gradient: inout MutableSpan<Scalar>)
    /// rowLoss = mean over columns of max(x,0) − x·t + log(1+e^−|x|).
    func binaryCrossEntropyWithLogits(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, into rowLoss: inout MutableSpan<Scalar>)
    /// (sigmoid(x) − t)·scale/columns.
    func binaryCrossEntropyWithLogitsGradient(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, scale: Scalar, into gradient: inout MutableSpan<Scalar>)
    func binaryCrossEntropyWithLogitsBoth(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, scale: Scalar, into rowLoss: inout MutableSpan<Scalar>,
        gradient: inout MutableSpan<Scalar>)
    /// rowLoss = mean over columns of (x − t)².
    func meanSquaredError(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, into rowLoss: inout MutableSpan<Scalar>)
    /// 2(x − t)·scale/columns.
    func meanSquaredErrorGradient(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, scale: Scalar,
        into gradient: inout MutableSpan<Scalar>)
    func meanSquaredErrorBoth(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, scale: Scalar,
        into rowLoss: inout MutableSpan<Scalar>, gradient: inout MutableSpan<Scalar>)

    // MARK: Sums for norms

    /// Σ x² of x[start ..< start+count] in double: element i in lane i mod 16, lanes folded 8, 4, 2, 1. The same bits at every level.
    func sumOfSquares(_ x: Span<Scalar>, from start: Int, count: Int) -> Double

    // MARK: Optimiser updates: one pass over one slice; the count is that of the parameters

    func sgdUpdate(
        _ step: SGDStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, momentumBuffer: inout MutableSpan<Scalar>)
    func adagradUpdate(
        _ step: AdagradStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, sum: inout MutableSpan<Scalar>)
    /// `gradientAverage` is empty unless centered, `momentumBuffer` is empty if momentum is 0.
    func rmspropUpdate(
        _ step: RMSpropStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, squareAverage: inout MutableSpan<Scalar>,
        gradientAverage: inout MutableSpan<Scalar>, momentumBuffer: inout MutableSpan<Scalar>)
    func adamUpdate(
        _ step: AdamStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, firstMoment: inout MutableSpan<Scalar>,
        secondMoment: inout MutableSpan<Scalar>)
}
