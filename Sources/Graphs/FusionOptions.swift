/// Which fusions a compilation makes. All of them but in tests, which hold fused programs against plain ones.
package struct FusionOptions: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Bias and activation ride on the last pass of a matrix product or convolution.
    package static let epilogues = FusionOptions(rawValue: 1)
    /// Convolution, bias, activation and max pooling become one operation.
    package static let convolutionPool = FusionOptions(rawValue: 2)
    /// A loss and its gradient are computed in one pass.
    package static let lossGradient = FusionOptions(rawValue: 4)

    package static let all: FusionOptions = [.epilogues, .convolutionPool, .lossGradient]
}
