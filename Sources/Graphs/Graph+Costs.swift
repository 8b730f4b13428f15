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

    private func flops(of node: Node) -> Int {
        switch node.operation {
        case .matmul(let form, _):
            let extents = MatmulExtents(form, self[node.inputs[0]], self[node.inputs[1]])
            return 2 * extents.m * extents.n * extents.k
        case .convolution(let window, _), .convolutionInputGradient(let window), .convolutionWeightGradient(let window):
            return window.convolutionFlops
        case .convolutionPool(let both):
            return both.convolution.convolutionFlops
        case .convolutionPoolGradients(let both, _, let input):
            return both.convolution.convolutionFlops * (input ? 2 : 1)
        default:
            return 0
        }
    }
}

extension WindowShape {
    /// Floating-point operations of this convolution for one sample.
    package var convolutionFlops: Int { 2 * outputHeight * outputWidth * outputChannels * patchCount }
}
