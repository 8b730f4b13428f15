import TensorCore
import Testing

@Suite struct ParameterLayoutTests {
    static let parameters = [
        ParameterDescription(name: "layers.0.weight", role: "weight", memoryShape: [1, 2, 2, 3], transform: .convolution, fanIn: 4),
        ParameterDescription(name: "layers.0.bias", role: "bias", memoryShape: [3], transform: .identity, fanIn: 4),
        ParameterDescription(
            name: "layers.2.weight", role: "weight", memoryShape: [12, 5],
            transform: .flattenedTransposed(height: 2, width: 2, channels: 3), fanIn: 12),
    ]
    let layout = ParameterLayout(ParameterLayoutTests.parameters, memoryOrder: [2, 0, 1])

    @Test func entriesLieInBackwardOrderOnCacheLines() {
        #expect(layout.entries.map(\.name) == ["layers.2.weight", "layers.0.weight", "layers.0.bias"])
        #expect(layout.entries.map(\.offset) == [0, 64, 80])
        #expect(layout.elementCount == 96)
        #expect(layout.trainableCount == 60 + 12 + 3)
        #expect(layout.modelOrder.map(\.name) == ["layers.0.weight", "layers.0.bias", "layers.2.weight"])
        #expect(layout["layers.0.bias"]?.range == 80..<83)
        #expect(layout["nothing"] == nil)
    }

    @Test func filesHoldModelOrderAndComeBackUnchanged() throws {
        let arena = Arena<Float>(count: layout.elementCount)
        for entry in layout.entries {
            for index in entry.range {
                arena[index] = Float(index) + 0.25
            }
        }
        let tensors = layout.fileTensors(from: arena, prefix: "exp_avg.")
        #expect(tensors.map(\.name) == ["exp_avg.layers.0.weight", "exp_avg.layers.0.bias", "exp_avg.layers.2.weight"])
        #expect(tensors.map(\.shape) == [[3, 2, 1, 2], [3], [5, 12]])
        let copy = Arena<Float>(count: layout.elementCount)
        try layout.load(tensors.reversed(), into: copy, prefix: "exp_avg.")
        #expect(copy.array() == arena.array())
    }

    @Test func everyDifferenceIsNamedAndNothingIsWritten() throws {
        let arena = Arena<Float>(count: layout.elementCount)
        var tensors = layout.fileTensors(from: arena)
        tensors.remove(at: 1)
        tensors[1] = Tensor(name: "layers.2.weight", shape: [5, 11], floats: [Float](repeating: 9, count: 55))
        tensors.append(Tensor(name: "layers.9.weight", shape: [1], floats: [1]))
        tensors[0] = Tensor(name: "layers.0.weight", shape: [3, 2, 1, 2], floats: [Float](repeating: 9, count: 12))
        let error = #expect(throws: LayoutError.self) { try layout.load(tensors, into: arena) }
        let text = try #require(error).description
        #expect(text.contains("layers.2.weight has shape 5×11, the model needs 5×12"))
        #expect(text.contains("layers.0.bias is missing; the model needs it with shape 3"))
        #expect(text.contains("layers.9.weight (shape 1) is not a parameter of the model"))
        #expect(arena.array().allSatisfy { $0 == 0 })
    }

    @Test func integersAndDuplicatesAreRefused() {
        let arena = Arena<Float>(count: layout.elementCount)
        var tensors = layout.fileTensors(from: arena)
        tensors[1] = Tensor(name: "layers.0.bias", shape: [3], int64s: [1, 2, 3])
        tensors.append(tensors[0])
        let error = #expect(throws: LayoutError.self) { try layout.load(tensors, into: arena) }
        #expect(error?.description.contains("layers.0.bias has type int64, the model needs a floating-point type") == true)
        #expect(error?.description.contains("layers.0.weight is there twice") == true)
    }

    @Test func doublesAreRounded() throws {
        let arena = Arena<Float>(count: layout.elementCount)
        var tensors = layout.fileTensors(from: arena)
        tensors[1] = Tensor(name: "layers.0.bias", shape: [3], doubles: [0.1, -2, 1e-3])
        try layout.load(tensors, into: arena)
        #expect(arena.array(80..<83) == [0.1, -2, 1e-3])
    }

    @Test func theFingerprintFollowsNamesShapesAndOrder() {
        #expect(layout.fingerprint.count == 32)
        #expect(ParameterLayout(Self.parameters, memoryOrder: [2, 0, 1]).fingerprint == layout.fingerprint)
        #expect(ParameterLayout(Self.parameters, memoryOrder: [2, 1, 0]).fingerprint != layout.fingerprint)
        var renamed = Self.parameters
        renamed[1].name = "layers.0.offset"
        #expect(ParameterLayout(renamed, memoryOrder: [2, 0, 1]).fingerprint != layout.fingerprint)
        var reshaped = Self.parameters
        reshaped[2].memoryShape = [12, 6]
        #expect(ParameterLayout(reshaped, memoryOrder: [2, 0, 1]).fingerprint != layout.fingerprint)
    }
}
