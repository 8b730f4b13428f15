import Formats
import TensorCore
import TestSupport
import Testing

struct NpyTests {
    @Test(arguments: [[], [3], [2, 3], [2, 0, 5], [1, 2, 3, 4]])
    func whatIsWrittenIsReadBack(_ shape: [Int]) throws {
        let count = shape.reduce(1, *)
        let tensor = Tensor(name: "x", shape: shape, floats: (0..<count).map { Float($0) * 0.5 })
        let bytes = NpyFile.encode(tensor)
        #expect((bytes.count - tensor.bytes.count) % 64 == 0)
        #expect(try NpyFile.decode(bytes, name: "x") == tensor)
    }

    /// A version 1.0 file with this header text.
    static func file(_ header: String, data: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text + data
    }

    @Test func readsFortranOrderAndBigEndian() throws {
        let fortran = Self.file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", data: [1, 4, 2, 5, 3, 6])
        #expect(try NpyFile.decode(fortran).bytes == [1, 2, 3, 4, 5, 6])
        let big = Self.file("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n", data: [1, 2, 0xFF, 0xFE])
        #expect(try NpyFile.decode(big).integers() == [258, -2])
        let wide = Self.file("{'descr': '<u2', 'fortran_order': False, 'shape': (1,), }", data: [0xFF, 0xFF])
        #expect(try NpyFile.decode(wide).integers() == [65535])
    }

    static let malformed: [(bytes: [UInt8], reason: String)] = [
        (Array("hello".utf8), "the file does not begin with \\x93NUMPY"),
        (Array("PK\u{3}\u{4}".utf8), "this is a ZIP archive (.npz), not a .npy file"),
        ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1], "the file has 7 bytes, its header alone needs 10"),
        ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 9, 0, 0, 0], ".npy version 9.0 is not known"),
        ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 50, 0], "its header alone needs 60"),
        (file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data: []), "descr '|O' holds pickled Python objects"),
        (file("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", data: []), "descr '<c8' is a type Lockstep does not hold"),
        (file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", data: []), "descr is not a plain type"),
        (file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data: [0, 0]), "needs 24 bytes of data, the file has 2"),
        (file("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", data: [0, 0, 0, 0, 1]), "1 bytes follow the data"),
        (file("{'descr': '<f4', 'shape': (), }", data: []), "exactly the keys descr, fortran_order and shape"),
        (file("{'descr': '<f4', 'fortran_order': False, 'shape': (a,), }", data: []), "an extent is wanted"),
        (file("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, 9999999999999), }", data: []), "overflows 64 bits"),
    ]

    @Test(arguments: malformed.indices)
    func refusesMalformedFiles(_ index: Int) {
        let (bytes, reason) = Self.malformed[index]
        let text = errorText { _ = try NpyFile.decode(bytes) }
        #expect(text?.contains(reason) == true, "got: \(text ?? "no error")")
    }

    @Test func numpyReadsOursAndWeReadNumpys() throws {
        guard let python = Locations.peersPython else { return skip("no Python with numpy here") }
        try withTemporaryDirectory { folder in
            try NpyFile.write(Tensor(name: "", shape: [2, 3], floats: [1, 2, 3, 4, 5, 6.5]), to: "\(folder)/ours.npy")
            let script = """
                import sys, numpy as np
                folder = sys.argv[1]
                x = np.load(folder + "/ours.npy")
                assert x.dtype == np.float32 and x.tolist() == [[1, 2, 3], [4, 5, 6.5]], x
                np.save(folder + "/f8.npy", np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)))
                np.save(folder + "/i8.npy", np.array([-1, 2**40])); np.save(folder + "/u1.npy", np.array([[0, 255]], dtype=np.uint8))
                np.save(folder + "/f2.npy", np.array([0.5, -2], dtype=np.float16)); np.save(folder + "/b.npy", np.array([True, False]))
                np.save(folder + "/be.npy", np.array([1.5, 2.5], dtype='>f4'))
                print("read")
                """
            let result = try runProcess([python, "-c", script, folder])
            #expect(result.status == 0 && result.output.contains("read"), "\(result)")
            let doubles = try NpyFile.read("\(folder)/f8.npy")
            #expect(doubles.shape == [2, 3, 4] && doubles.doubles() == (0..<24).map { Double($0) })
            #expect(try NpyFile.read("\(folder)/i8.npy").integers() == [-1, 1 << 40])
            #expect(try NpyFile.read("\(folder)/u1.npy").bytes == [0, 255])
            #expect(try NpyFile.read("\(folder)/f2.npy").floats() == [0.5, -2])
            #expect(try NpyFile.read("\(folder)/b.npy").dtype == .bool)
            #expect(try NpyFile.read("\(folder)/be.npy").floats() == [1.5, 2.5])
        }
    }
}
