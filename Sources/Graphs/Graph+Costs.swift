import Kernels
import TensorCore

extension Graph {
    /// Floating-point operations per sample, two per multiply-add of products and convolutions.
    func flops() -> (forward: Int, backward: Int) {
        var (forward, backward) = (0, 0)
        for node in nodes {
            let count = flops(of: node)
            switch node.phase {
            case .forward: forward += count
            case .backward: backward += count
            }
        }
        return (forward, backward)
    }

    /// Those of one node for one sample.
    func flops(of node: Node) -> Int {
        switch node.operation {
        case .matmul(let form, _):
            let extents = MatmulExtents(form, self[node.inputs[0]], self[node.inputs[1]])
            return 2 * extents.m * extents.n * extents.k
        case .convolution(let window, _), .convolutionInputGradient(let window, _), .convolutionWeightGradient(let window, _):
            return window.convolutionFlops
        case .convolutionPool(let both):
            return both.convolution.convolutionFlops
        case .convolutionPoolGradients(let both, _, let input):
            return both.convolution.convolutionFlops * (input ? 2 : 1)
        case .attention(let call):
            return call.flops(products: 2)
        case .attentionGradient(let call):
            return call.flops(products: 5)
        case .lstm(let call):
            return call.flops
        case .lstmGradient(let call, let input):
            return 2 * call.flops - (input ? 0 : 2 * call.length * call.inputs * 4 * call.hidden)
        default:
            return 0
        }
    }
}

extension WindowShape {
    /// Floating-point operations of this convolution for one sample.
    package var convolutionFlops: Int { 2 * outputHeight * outputWidth * outputChannels * patchCount }
}

extension AttentionCall {
    /// Floating-point operations of so many products of T×T×S for each head and one sample; a causal one has half of them.
    package func flops(products: Int) -> Int { products * 2 * heads * length * length * size / (causal ? 2 : 1) }
}

extension LSTMCall {
    /// Floating-point operations of forward's products for one sample.
    package var flops: Int { 2 * length * (inputs + hidden) * 4 * hidden }
}
