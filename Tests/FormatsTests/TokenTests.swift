import Formats
import TensorCore
import TestSupport
import Testing

struct TokenTests {
    private func scalars(_ bytes: [UInt8]) throws -> [UInt32] {
        var result: [UInt32] = []
        try UTF8Text.forEachScalar(of: bytes) { result.append($0) }
        return result
    }

    @Test func everyScalarIsReadBack() throws {
        let values = [
            0...0x7FF, 0xFFF...0x1001, 0xD7F0...0xD7FF, 0xE000...0xE010, 0xFFF0...0x1_0010, 0xF_FFF0...0x10_0010, 0x10_FFF0...0x10_FFFF,
        ]
        let all = values.flatMap { $0.map { UInt32($0) } }
        var text = String.UnicodeScalarView()
        for value in all { text.append(try #require(Unicode.Scalar(value))) }
        #expect(try scalars(Array(String(text).utf8)) == all)
    }

    @Test func aByteOrderMarkIsNoText() throws {
        #expect(try scalars([0xEF, 0xBB, 0xBF, 0x61]) == [0x61])
        #expect(try scalars([0x61, 0xEF, 0xBB, 0xBF]) == [0x61, 0xFEFF])
        #expect(try scalars([]) == [])
    }

    /// Bytes that are no UTF-8, and where that shows.
    static let bad: [(bytes: [UInt8], place: Int)] = [
        ([0x80], 0), ([0x61, 0xFF], 1), ([0xC3], 0), ([0x61, 0xC3, 0x28], 1), ([0xC0, 0x80], 0), ([0xE0, 0x80, 0x80], 0),
        ([0xED, 0xA0, 0x80], 0), ([0xF0, 0x80, 0x80, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0), ([0xF5, 0x80, 0x80, 0x80], 0),
        ([0xE2, 0x82], 0), ([0xE2, 0x82, 0x41], 0), ([0x41, 0x42, 0xF0, 0x9F, 0x98], 2),
    ]

    @Test(arguments: bad)
    func aBadByteHasAPlace(_ bytes: [UInt8], _ place: Int) {
        let text = errorText { _ = try scalars(bytes) }
        let hex = String(bytes[place], radix: 16, uppercase: true)
        #expect(
            text == "the text is not UTF-8: the byte 0x\(hex) does not belong there (at byte \(place)). "
                + "Convert the file: iconv -f LATIN1 -t UTF-8.")
    }

    @Test(arguments: [2, 256, 65_536, 65_537, 200_000])
    func arraysOfEveryWidth(vocabulary: Int) {
        let numbers = (0..<100).map { $0 * 7919 % vocabulary } + [vocabulary - 1, 0]
        let tokens = TokenArray(vocabulary: vocabulary, numbers)
        #expect(tokens.count == numbers.count)
        #expect((0..<tokens.count).map { tokens[$0] } == numbers)
        var target = [Int32](repeating: -1, count: 12)
        var span = target.mutableSpan
        tokens.copy(from: 92, count: 10, into: &span, at: 1)
        #expect(target == [-1] + numbers.suffix(10).map { Int32($0) } + [-1])
        #expect(tokens.withBytes(of: 3..<10) { $0.count } == 7 * (vocabulary <= 65_536 ? 2 : 4))
    }

    private func read(_ bytes: [UInt8], element: TokenShard.Element = .uint16, vocabulary: Int = 100) throws -> [Int] {
        var tokens = TokenArray(vocabulary: vocabulary)
        try TokenShard.decode(bytes, element: element, into: &tokens)
        return (0..<tokens.count).map { tokens[$0] }
    }

    @Test func bareWords() throws {
        #expect(try read([1, 0, 2, 0, 99, 0]) == [1, 2, 99])
        #expect(try read([1, 0, 0, 0, 0x40, 0x0D, 3, 0], element: .uint32, vocabulary: 200_001) == [1, 200_000])
        #expect(try read([], element: .uint32) == [])
    }

    @Test func aHeaderSaysTheType() throws {
        func header(_ version: UInt32, _ count: UInt32) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 1024)
            for (place, word) in [20_240_520, version, count].enumerated() {
                for byte in 0..<4 { bytes[4 * place + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
            }
            return bytes
        }
        #expect(try read(header(1, 2) + [5, 0, 6, 0], element: .uint32) == [5, 6])
        #expect(try read(header(7, 1) + [5, 0, 0, 0]) == [5])
        #expect(errorText { _ = try read(header(1, 3) + [5, 0, 6, 0]) }?.contains("the header says 3 tokens, the file has 2") == true)
        #expect(errorText { _ = try read(header(2, 1) + [5, 0]) }?.contains("version 2, which is not known") == true)
    }

    @Test func wrongFilesSayWhatIsWrong() throws {
        #expect(
            errorText { _ = try read([1, 0, 100, 0]) }
                == "token 1 is 100, the vocabulary has the tokens 0 to 99 (at byte 2). "
                + "Give the model's embedding and last layer (and data.vocabulary) as many tokens as the data has.")
        #expect(
            errorText { _ = try read([1, 0, 2]) }
                == "3 bytes are no whole number of uint16 tokens. Copy the file again, or set data.element to the type its tokens have.")
        let wide: [UInt8] = (0..<20).flatMap { [UInt8($0), 0, 0, 0] }
        #expect(
            errorText { _ = try read(wide) }
                == "read as uint16, every second token is 0: the tokens seem to be uint32. Set data.element=uint32.")
        #expect(try read(wide, element: .uint32) == Array(0..<20))
        #expect(try read([UInt8](repeating: 0, count: 80)).count == 40)
    }

    @Test func arraysOfNumbersAreShards() throws {
        try withTemporaryDirectory { folder in
            try NpyFile.write(Tensor(name: "", shape: [4], int64s: [3, 1, 4, 1]), to: "\(folder)/x.npy")
            var tokens = TokenArray(vocabulary: 5)
            try TokenShard.read("\(folder)/x.npy", element: .uint16, into: &tokens)
            #expect((0..<4).map { tokens[$0] } == [3, 1, 4, 1])
            var few = TokenArray(vocabulary: 4)
            #expect(
                errorText { try TokenShard.read("\(folder)/x.npy", element: .uint16, into: &few) }?
                    .contains("token 2 is 4, the vocabulary has the tokens 0 to 3") == true)
            try NpyFile.write(Tensor(name: "", shape: [1], floats: [1]), to: "\(folder)/f.npy")
            #expect(
                errorText { try TokenShard.read("\(folder)/f.npy", element: .uint16, into: &few) }?
                    .contains("the array is of float32, tokens are whole numbers") == true)
        }
    }
}
