import Formats
import TestSupport
import Testing

struct GzipTests {
    static let text = Array(String(repeating: "lockstep ", count: 50_000).utf8)

    @Test(arguments: [0, 1, 100, 450_000])
    func whatIsPackedIsUnpacked(_ count: Int) throws {
        let content = Array(Self.text.prefix(count))
        let packed = Gzip.compress(content)
        #expect(Gzip.isCompressed(packed))
        #expect(try Gzip.decompress(packed) == content)
        #expect(Gzip.compress(content) == packed)
    }

    @Test func membersFollowOneAnother() throws {
        #expect(try Gzip.decompress(Gzip.compress([1, 2]) + Gzip.compress([3])) == [1, 2, 3])
    }

    @Test func saysWhatIsWrong() {
        let packed = Gzip.compress(Self.text)
        #expect(errorText { _ = try Gzip.decompress(Array(packed.dropLast(5))) }?.contains("the gzip data stops before its end") == true)
        #expect(errorText { _ = try Gzip.decompress(packed + [9, 9, 9]) }?.contains("3 bytes follow the end of the gzip data") == true)
        var damaged = packed
        damaged[damaged.count - 6] ^= 1
        #expect(errorText { _ = try Gzip.decompress(damaged) }?.contains("the gzip data is damaged: incorrect data check") == true)
    }
}

struct IDXTests {
    static let images = IDXFile(shape: [2, 2, 3], bytes: Array(0..<12))

    @Test func whatIsWrittenIsReadBackPlainAndPacked() throws {
        #expect(try IDXFile.decode(Self.images.encode()) == Self.images)
        try withTemporaryDirectory { folder in
            try FileIO.write(Gzip.compress(Self.images.encode()), to: "\(folder)/images")
            #expect(try IDXFile.read("\(folder)/images") == Self.images)
        }
    }

    @Test func readsAllElementTypes() throws {
        #expect(try IDXFile.decode([0, 0, 0x09, 1, 0, 0, 0, 2, 0xFF, 3]).integers() == [-1, 3])
        #expect(try IDXFile.decode([0, 0, 0x0B, 1, 0, 0, 0, 1, 0x01, 0x02]).integers() == [258])
        #expect(try IDXFile.decode([0, 0, 0x0C, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFE]).floats() == [-2])
        #expect(try IDXFile.decode([0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0]).floats() == [1.5])
        #expect(try IDXFile.decode([0, 0, 0x0E, 1, 0, 0, 0, 1, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]).floats() == [1.5])
    }

    static let malformed: [(bytes: [UInt8], reason: String)] = [
        ([0, 0], "the file has 2 bytes, an IDX file begins with 4 bytes of magic"),
        ([0x12, 0x34, 8, 3, 0], "the magic number is 0x12340803"),
        ([0, 0, 7, 1, 0, 0, 0, 0], "the magic number is 0x00000701"),
        ([0, 0, 8, 3, 0, 0], "the header needs 16 bytes for 3 extents, the file has 6"),
        ([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3], "the extents [2, 3] need 6 bytes of data, the file has 3 (at byte 15)"),
        ([0, 0, 8, 1, 0, 0, 0, 1, 1, 2], "1 bytes follow the data that the extents [1] describe (at byte 9)"),
        ([0, 0, 8, 3] + [UInt8](repeating: 0xFF, count: 12), "overflow 64 bits"),
    ]

    @Test(arguments: malformed.indices)
    func refusesMalformedFiles(_ index: Int) {
        let (bytes, reason) = Self.malformed[index]
        let text = errorText { _ = try IDXFile.decode(bytes) }
        #expect(text?.contains(reason) == true, "got: \(text ?? "no error")")
    }

    @Test func readsTheRealMNIST() throws {
        guard let mnist = Locations.shared("data/mnist") else { return skip("../shared/data/mnist is not here") }
        let images = try IDXFile.read("\(mnist)/t10k-images-idx3-ubyte.gz")
        #expect(images.shape == [10000, 28, 28])
        let labels = try IDXFile.read("\(mnist)/t10k-labels-idx1-ubyte.gz")
        #expect(labels.integers()?.prefix(5) == [7, 2, 1, 0, 4])
    }
}
