extension ParameterLayout {
    /// The tensors of an arena as files hold them: PyTorch's shapes and element order, entries in model order.
    ///
    /// - Parameters:
    ///   - arena: parameters, or any arena of this layout (gradients, an optimiser's state).
    ///   - prefix: put before every name, "exp_avg." for example.
    package func fileTensors(from arena: Arena<Float>, prefix: String = "") -> [Tensor] {
        check(arena)
        return modelOrder.map { entry in
            var bytes = [UInt8](repeating: 0, count: entry.count * 4)
            arena.withSpan(entry.range) { memory in
                bytes.withUnsafeMutableBytes { file in
                    entry.transform.forEachElement(memoryShape: entry.memoryShape) { fileIndex, memoryIndex in
                        file.storeBytes(of: memory[memoryIndex].bitPattern.littleEndian, toByteOffset: fileIndex * 4, as: UInt32.self)
                    }
                }
            }
            return Tensor(name: prefix + entry.name, dtype: .float32, shape: entry.fileShape, bytes: bytes)
        }
    }

    /// Fills an arena from a file's tensors. Nothing is written unless everything fits.
    ///
    /// - Parameters:
    ///   - tensors: in any order. float32 is taken as it is; float64, float16 and bfloat16 are converted to the nearest float32.
    ///   - arena: parameters, or any arena of this layout.
    ///   - prefix: only tensors whose name starts with it are looked at.
    /// - Throws: ``LayoutError`` that names every missing, unknown and misshapen tensor with both shapes.
    package func load(_ tensors: [Tensor], into arena: Arena<Float>, prefix: String = "") throws(LayoutError) {
        check(arena)
        var problems: [LayoutError.Problem] = []
        var byName: [String: Tensor] = [:]
        for tensor in tensors where tensor.name.hasPrefix(prefix) {
            let name = String(tensor.name.dropFirst(prefix.count))
            if byName.updateValue(tensor, forKey: name) != nil {
                problems.append(.duplicate(name: tensor.name))
            }
            if self[name] == nil {
                problems.append(.unknown(name: tensor.name, shape: tensor.shape))
            }
        }
        for entry in modelOrder {
            guard let tensor = byName[entry.name] else {
                problems.append(.missing(name: prefix + entry.name, shape: entry.fileShape))
                continue
            }
            if tensor.shape != entry.fileShape {
                problems.append(.shape(name: tensor.name, found: tensor.shape, expected: entry.fileShape))
            }
            switch tensor.dtype {
            case .float32, .float64, .float16, .bfloat16: break
            case .int64, .int32, .int16, .int8, .uint8, .bool: problems.append(.type(name: tensor.name, found: tensor.dtype))
            }
        }
        guard problems.isEmpty else { throw LayoutError(problems: problems) }
        for entry in modelOrder {
            guard let file = byName[entry.name]?.floats() else { continue }
            arena.withMutableSpan(entry.range) { memory in
                entry.transform.forEachElement(memoryShape: entry.memoryShape) { fileIndex, memoryIndex in
                    memory[memoryIndex] = file[fileIndex]
                }
            }
        }
    }

    private func check(_ arena: Arena<Float>) {
        precondition(
            arena.count == elementCount, "ParameterLayout: an arena of \(arena.count) elements, but the layout has \(elementCount)")
    }
}
