import TensorCore
import Testing

@Suite struct TensorTests {
    @Test func floatsAreLittleEndian() {
        let tensor = Tensor(name: "a", shape: [2], floats: [1, -2])
        #expect(tensor.bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
        #expect(tensor.floats() == [1, -2])
    }

    @Test func everyTypeReadsAsFloats() {
        #expect(Tensor(name: "d", shape: [1, 2], doubles: [0.5, 3]).floats() == [0.5, 3])
        #expect(Tensor(name: "i", shape: [2], int64s: [-7, 9]).floats() == [-7, 9])
        #expect(Tensor(name: "i", shape: [2], int32s: [-7, 9]).doubles() == [-7, 9])
        #expect(Tensor(name: "u", dtype: .uint8, shape: [2], bytes: [0, 255]).floats() == [0, 255])
        #expect(Tensor(name: "b", dtype: .bfloat16, shape: [2], bytes: [0x80, 0x3F, 0x49, 0x40]).floats() == [1, 3.140625])
        // 1, -2, the largest finite half, the smallest subnormal, infinity.
        let halves: [UInt8] = [0x00, 0x3C, 0x00, 0xC0, 0xFF, 0x7B, 0x01, 0x00, 0x00, 0x7C]
        #expect(Tensor(name: "h", dtype: .float16, shape: [5], bytes: halves).floats() == [1, -2, 65504, 0x1p-24, .infinity])
        #expect(Tensor(name: "i", shape: [2], int64s: [-7, 9]).integers() == [-7, 9])
        #expect(Tensor(name: "f", shape: [1], floats: [1]).integers() == nil)
    }

    @Test func emptyExtentsAndScalars() {
        #expect(Tensor(name: "none", shape: [0, 4], floats: []).elementCount == 0)
        #expect(Tensor(name: "scalar", shape: [], floats: [3]).elementCount == 1)
        #expect(Shape([28, 28, 1]).description == "28×28×1")
        #expect(Shape([]).description == "scalar")
        #expect(Shape([2, 3, 4]).elementCount == 24)
    }
}
