import Formats
import TensorCore
import TestSupport
import Testing

struct SafetensorsTests {
    static let tensors = [
        Tensor(name: "b", shape: [2, 3], floats: [1, -2, 3.5, 0, .infinity, 1e-30]),
        Tensor(name: "step", shape: [], int64s: [7]),
        Tensor(name: "a", shape: [2], floats: [0.1, 0.2]),
        Tensor(name: "none", shape: [0, 4], floats: []),
        Tensor(name: "mask", dtype: .uint8, shape: [3], bytes: [1, 2, 3]),
        Tensor(name: "half", dtype: .bfloat16, shape: [1], bytes: [0x80, 0x3F]),
    ]

    @Test func whatIsWrittenIsReadBack() throws {
        let bytes = try Safetensors.encode(Self.tensors, metadata: ["format": "pt", "made": "by \"us\""])
        let contents = try Safetensors.decode(bytes)
        #expect(contents.metadata == ["format": "pt", "made": "by \"us\""])
        #expect(contents.tensors.map(\.name) == ["step", "a", "b", "none", "half", "mask"])
        for tensor in Self.tensors { #expect(contents[tensor.name] == tensor) }
    }

    @Test func followsTheReferenceWriter() throws {
        let bytes = try Safetensors.encode(Self.tensors)
        let header = try Safetensors.decodeHeader(bytes)
        #expect(header.dataOffset % 8 == 0)
        #expect(bytes.count == header.dataOffset + header.dataCount)
        #expect(String(decoding: bytes[8..<38], as: UTF8.self) == #"{"__metadata__":{"format":"pt""#)
        #expect(try Safetensors.encode(Array(Self.tensors.reversed())) == bytes)
    }

    @Test func aFileWithoutTensorsIsLegal() throws {
        #expect(try Safetensors.decode(Safetensors.encode([], metadata: [:])).tensors.isEmpty)
    }

    @Test func refusesToWriteNamesTwice() {
        let twice = [Tensor(name: "w", shape: [1], floats: [1]), Tensor(name: "w", shape: [1], floats: [2])]
        #expect(errorText { _ = try Safetensors.encode(twice) }?.contains("two tensors are named \"w\"") == true)
        let reserved = [Tensor(name: "__metadata__", shape: [1], floats: [1])]
        #expect(errorText { _ = try Safetensors.encode(reserved) }?.contains("may not be named __metadata__") == true)
    }

    /// A file from a header as text and so many bytes of data.
    static func file(_ header: String, data: Int) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(text.count >> (8 * $0) & 255) } + text + [UInt8](repeating: 0, count: data)
    }

    static let malformed: [(bytes: [UInt8], reason: String)] = [
        ([1, 2, 3], "the file has 3 bytes, a safetensors file has at least 8"),
        ([0, 0, 0, 0, 0, 0, 0, 0x80], "more than the format allows (100000000)"),
        ([100, 0, 0, 0, 0, 0, 0, 0, 0x7B], "the header should have 100 bytes, the file ends after 1 of them (at byte 8)"),
        (file(#"{"w": oops}"#, data: 0), "the header is not JSON: no JSON value begins like this"),
        (file("[]", data: 0), "the header is an array, an object is wanted"),
        (file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"# + "\0\0", data: 4), "the header is not JSON"),
        (
            file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4),
            #"the key "w" comes twice"#
        ),
        (file(#"{"__metadata__":{"n":1}}"#, data: 0), "a metadata value is an integer, only strings are allowed (at __metadata__.n)"),
        (file(#"{"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, data: 4), "tensor \"w\" has the unknown dtype F33"),
        (
            file(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, data: 4),
            "tensor \"w\" is F32 [2], which is 64 bits, and its data_offsets span 4 bytes"
        ),
        (
            file(#"{"w":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,4]}}"#, data: 4),
            "the size of tensor \"w\" overflows 64 bits"
        ),
        (file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: 8), "a hole in the data: tensor \"w\" begins at 4"),
        (
            file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: 8),
            "an overlap in the data: tensor \"b\" begins at 4, the one before ends at 8"
        ),
        (file(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 4), "the tensors need 8 bytes of data, the file has 4"),
        (file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 5), "1 bytes follow the last tensor"),
        (file(#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: 4), "a shape that is no list of whole numbers from 0 up"),
        (file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: 4), "tensor \"w\" has no valid pair of data_offsets"),
        (file(#"{"w":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}"#, data: 1), "which is 4 bits, and its data_offsets span 1 bytes"),
        (
            file(#"{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, data: 1),
            "has the dtype F8_E4M3, which Lockstep does not hold"
        ),
    ]

    @Test(arguments: malformed.indices)
    func refusesMalformedFiles(_ index: Int) throws {
        let (bytes, reason) = Self.malformed[index]
        let text = errorText { _ = try Safetensors.decode(bytes) }
        #expect(text?.contains(reason) == true, "got: \(text ?? "no error"), wanted: \(reason)")
    }

    @Test func isLiberalWhereTheReferenceReaderIs() throws {
        let spaced = Self.file("  {\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"extra\":1}}\n\n ", data: 4)
        #expect(try Safetensors.decode(spaced)["w"]?.floats() == [0])
    }

    @Test func everyCutAndEveryFlippedHeaderByteIsSurvived() throws {
        let bytes = try Safetensors.encode(Self.tensors)
        for length in 0..<bytes.count { #expect(throws: FormatError.self) { try Safetensors.decode(Array(bytes[..<length])) } }
        let header = try Safetensors.decodeHeader(bytes).dataOffset
        for position in 0..<header {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << bit
                _ = try? Safetensors.decode(damaged)
            }
        }
    }

    @Test func errorsNameTheFile() throws {
        try withTemporaryDirectory { folder in
            let path = "\(folder)/model.safetensors"
            try FileIO.write([1, 2], to: path)
            #expect(errorText { _ = try Safetensors.read(path) }?.hasPrefix("\(path): the file has 2 bytes") == true)
            let missing = errorText { _ = try Safetensors.read("\(folder)/none.safetensors") }
            #expect(missing?.contains("none.safetensors: cannot open the file for reading: No such file or directory") == true)
        }
    }

    @Test func pythonReadsOursAndWeReadPythons() throws {
        guard let python = Locations.peersPython else { return skip("no Python with safetensors here") }
        try withTemporaryDirectory { folder in
            try Safetensors.write(Self.tensors, metadata: ["format": "pt", "k": "v"], to: "\(folder)/ours.safetensors")
            let script = """
                import sys, json, numpy as np
                from safetensors import safe_open
                from safetensors.numpy import load_file, save_file
                folder = sys.argv[1]
                with safe_open(folder + "/ours.safetensors", "np") as f:
                    assert f.metadata() == {"format": "pt", "k": "v"}, f.metadata()
                    assert sorted(f.keys()) == ["a", "b", "half", "mask", "none", "step"], f.keys()
                    assert f.get_tensor("b").shape == (2, 3) and f.get_tensor("b")[0, 1] == -2 and np.isinf(f.get_tensor("b")[1, 1])
                    assert f.get_tensor("step").shape == () and int(f.get_tensor("step")) == 7
                    assert f.get_tensor("none").shape == (0, 4) and f.get_tensor("mask").tolist() == [1, 2, 3]
                    kept = {k: f.get_tensor(k) for k in ("a", "b", "none", "mask", "step")}
                save_file(kept, folder + "/theirs.safetensors", metadata={"format": "pt"})
                print("read")
                """
            let result = try runProcess([python, "-c", script, folder])
            #expect(result.status == 0 && result.output.contains("read"), "\(result)")
            let theirs = try Safetensors.read("\(folder)/theirs.safetensors")
            let same = Self.tensors.filter { $0.name != "half" }
            for tensor in same { #expect(theirs[tensor.name] == tensor) }
            #expect(try Safetensors.encode(same) == FileIO.read("\(folder)/theirs.safetensors"), "not the bytes of the reference writer")
        }
    }
}
