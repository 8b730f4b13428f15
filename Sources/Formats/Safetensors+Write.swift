import TensorCore

extension Safetensors {
    /// The bytes of a file with these tensors, in the reference writer's order whatever order they come in.
    /// - Parameter metadata: strings by key, written sorted by key; may be empty.
    /// - Throws: `FormatError` (malformed) when two tensors have one name or one has the reserved name `__metadata__`.
    package static func encode(_ tensors: [Tensor], metadata: [String: String] = ["format": "pt"]) throws(FormatError) -> [UInt8] {
        let ordered = tensors.sorted { first, second in
            let (a, b) = (rank(of: first.dtype), rank(of: second.dtype))
            return a == b ? first.name.utf8.lexicographicallyPrecedes(second.name.utf8) : a > b
        }
        try checkNames(ordered)

        var header: [JSONObject.Member] = []
        if !metadata.isEmpty {
            let members = metadata.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
            header.append(JSONObject.Member(key: metadataKey, value: .object(JSONObject(uniqueMembers: members))))
        }
        var offset = 0
        for tensor in ordered {
            let end = offset + tensor.bytes.count
            header.append(
                JSONObject.Member(
                    key: tensor.name,
                    value: [
                        "dtype": .string(elementTypes[rank(of: tensor.dtype)].name),
                        "shape": .array(tensor.shape.map { .integer($0) }),
                        "data_offsets": [.integer(offset), .integer(end)],
                    ]))
            offset = end
        }

        var text: [UInt8] = []
        JSONValue.object(JSONObject(uniqueMembers: header)).append(to: &text)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + text.count + offset)
        bytes.append(littleEndian: UInt64(text.count))
        bytes.append(contentsOf: text)
        for tensor in ordered { bytes.append(contentsOf: tensor.bytes) }
        return bytes
    }

    /// Writes a file; by default atomically and synced.
    package static func write(
        _ tensors: [Tensor], metadata: [String: String] = ["format": "pt"], to path: String, mode: FileIO.WriteMode = .atomic
    ) throws(FormatError) {
        do throws(FormatError) {
            try FileIO.write(try encode(tensors, metadata: metadata), to: path, mode: mode)
        } catch {
            throw error.inFile(path)
        }
    }

    private static func checkNames(_ tensors: [Tensor]) throws(FormatError) {
        var names: Set<String> = []
        for tensor in tensors {
            guard tensor.name != metadataKey else {
                throw FormatError(
                    .malformed, "a tensor may not be named \(metadataKey)", remedy: "Rename it: the format keeps that name for itself.")
            }
            guard names.insert(tensor.name).inserted else {
                throw FormatError(.malformed, "two tensors are named \"\(tensor.name)\"", remedy: "Give each tensor a name of its own.")
            }
        }
    }
}
