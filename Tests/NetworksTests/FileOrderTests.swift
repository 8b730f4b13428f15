import Graphs
import Kernels
import Networks
import TensorCore
import Testing

/// Weights in PyTorch's order give the outputs that PyTorch would give.
@Suite struct FileOrderTests {
    /// PyTorch flattens [C,H,W]. With two channels on a 1×2 image, the column order is c0w0, c0w1, c1w0, c1w1; ours in memory is
    /// w0c0, w0c1, w1c0, w1c1.
    @Test func denseAfterFlattenReadsChannelsFirst() throws {
        let model = try Network.build(NetworkSpec(input: [1, 2, 2], [.flatten, .dense(units: 1)], loss: .meanSquaredError))
        let parameters = Arena<Float>(count: model.layout.elementCount)
        try model.layout.load(
            [
                Tensor(name: "layers.1.weight", shape: [1, 4], floats: [1, 10, 100, 1000]),
                Tensor(name: "layers.1.bias", shape: [1], floats: [0.5]),
            ], into: parameters)
        // c0 = (2, 3), c1 = (5, 7) over w: 2·1 + 3·10 + 5·100 + 7·1000 + 0.5.
        #expect(predict(model, parameters, [2, 5, 3, 7]) == [7532.5])
    }

    /// The tag survives what keeps elements in place: activation and dropout between flatten and dense.
    @Test func layersBetweenFlattenAndDenseKeepTheOrder() throws {
        let model = try Network.build(
            NetworkSpec(
                input: [1, 2, 2], [.flatten, .activation(.relu), .dropout(rate: 0.5), .dense(units: 1, bias: false), .dense(units: 1)],
                loss: .meanSquaredError))
        #expect(model.parameters[0].transform == .flattenedTransposed(height: 1, width: 2, channels: 2))
        #expect(model.parameters[1].transform == .transposed)
    }

    /// A 2×2 kernel over two channels, by hand: PyTorch's weight [out, in, kh, kw].
    @Test func convolutionWeightsAreOutInHeightWidth() throws {
        let model = try Network.build(NetworkSpec(input: [2, 2, 2], [.conv2d(filters: 1, kernel: 2)], loss: .meanSquaredError))
        let parameters = Arena<Float>(count: model.layout.elementCount)
        try model.layout.load(
            [
                Tensor(name: "layers.0.weight", shape: [1, 2, 2, 2], floats: [1, 2, 3, 4, 10, 20, 30, 40]),
                Tensor(name: "layers.0.bias", shape: [1], floats: [0]),
            ], into: parameters)
        // Channel 0 is [[1, 0], [0, 2]], channel 1 is [[0, 3], [4, 0]]: 1·1 + 2·4 + 3·20 + 4·30. NHWC interleaves them.
        #expect(predict(model, parameters, [1, 0, 0, 3, 0, 4, 2, 0]) == [189])
    }

    private func predict(_ model: ModelGraph, _ parameters: Arena<Float>, _ features: [Float]) -> [Float] {
        let kernels = ReferenceKernels<Float>()
        let execution = Execution(Program.compile(model, capacity: 1, mode: .inference, kernels: kernels), kernels: kernels)
        execution.withInput { span in
            for index in span.indices { span[index] = features[index] }
        }
        execution.forward(rows: 1, parameters: parameters)
        return execution.withPredictions { span in span.indices.map { span[$0] } }
    }
}
