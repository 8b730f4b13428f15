/// In which types a program stores and multiplies.
package enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
    case fp32
    /// Mixed: activations and their gradients in bf16, products of bf16 with fp32 sums; weights, their gradients, statistics, losses and
    /// predictions in fp32.
    case bf16
}
