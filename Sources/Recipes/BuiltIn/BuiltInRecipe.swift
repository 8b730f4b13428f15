/// A recipe that comes with the program: `lockstep train NAME`, `lockstep recipes NAME`.
package struct BuiltInRecipe: Sendable {
    package let name: String
    /// One line for the list.
    package let summary: String
    /// The text, as a file of it would read.
    package let yaml: String
}

extension Recipe {
    /// In the order in which they are listed; the first is the default.
    package static let builtIns: [BuiltInRecipe] = [
        .digits, .mnistCNN, .mnistMLP, .binaryClassifier, .softmaxSmall, .regression, .resnet18, .charLSTM, .gptMini, .gpt2,
    ]
}
