import Kernels
import TensorCore

/// What one instruction of a program works on: the facts that a profile sets its time against.
package struct InstructionCost: Sendable, Equatable {
    /// Which limit an operation is held against.
    package enum Unit: Sendable, Equatable {
        /// The multipliers, in the program's scalars.
        case scalar
        /// Products of bf16.
        case bfloat16
        /// Memory: no products.
        case memory
    }

    package let kind: Operation.Kind
    package let phase: Node.Phase
    /// The shapes, for people: "2048×384 · 384×1536 nn".
    package let shape: String
    package let unit: Unit
    /// Floating-point operations of products at the capacity.
    package let flops: Int
    /// Bytes of operands and results at the capacity, each counted once.
    package let bytes: Int
}

extension Lowering {
    /// The costs of all instructions, in order.
    func costs() -> [InstructionCost] {
        nodes.map { node in
            let flops = graph.flops(of: node) * capacity
            let unit: InstructionCost.Unit = flops == 0 ? .memory : precision == .bf16 && multipliesHalves(node) ? .bfloat16 : .scalar
            let bytes = (node.inputs + node.outputs).reduce(0) { sum, value in
                sum + graph[value].shape.elementCount * elementBytes(value) * (graph[value].extent == .rows ? capacity : 1)
            }
            return InstructionCost(
                kind: node.operation.kind, phase: node.phase, shape: shape(of: node), unit: unit, flops: flops, bytes: bytes)
        }
    }

    private func multipliesHalves(_ node: Node) -> Bool {
        switch node.operation {
        case .matmul: graph[node.inputs[0]].element == .bfloat16
        case .convolution(let window, _), .convolutionInputGradient(let window, _), .convolutionWeightGradient(let window, _):
            ConvolutionCall(window, type: .bfloat16).usesTiles
        case .convolutionPool, .convolutionPoolGradients: false
        default: true
        }
    }

    private func elementBytes(_ value: ValueID) -> Int {
        switch graph[value].element {
        case .scalar: MemoryLayout<K.Scalar>.stride
        case .bfloat16: 2
        case .label: 4
        case .position: 1
        case .key: 8
        }
    }

    private func shape(of node: Node) -> String {
        switch node.operation {
        case .matmul(let form, _):
            return MatmulExtents(form, graph[node.inputs[0]], graph[node.inputs[1]]).shape(rows: capacity).description
        case .convolution(let window, _), .convolutionInputGradient(let window, _), .convolutionWeightGradient(let window, _):
            return "\(capacity) × \(window)"
        case .convolutionPool(let both), .convolutionPoolGradients(let both, _, _):
            return "\(capacity) × \(both.convolution)"
        case .attention(let call), .attentionGradient(let call):
            return "\(capacity) × \(call.length) positions, \(call.heads) heads of \(call.size)"
        case .lstm(let call), .lstmGradient(let call, _):
            return "\(capacity) × \(call.length) positions, \(call.inputs) → \(call.hidden)"
        default:
            let value = graph[node.inputs.first ?? node.outputs[0]]
            return value.extent == .rows ? "\(capacity) × \(value.shape)" : "\(value.shape)"
        }
    }
}
