import Kernels

extension KernelBench {
    /// The blocks of a transformer, and powers of two for each level of the caches.
    private static let counts = [2048 * 1536, 1 << 14, 1 << 18, 1 << 22]

    /// Operations on each element by itself, and the sums over columns and for norms.
    func elementwise() -> [Case] {
        let functions = StorageType.allCases.flatMap { type in
            [Activation.relu, .gelu, .geluTanh, .sigmoid, .tanh].flatMap { activations($0, type) }
        }
        let others = Self.counts.flatMap { count in
            StorageType.allCases.flatMap { [binary("sum", count, $0), binary("product of elements", count, $0), convert(count, from: $0)] }
                + ["difference", "multiple", "sum in place", "sum of squares"].map { scalars($0, count) }
        }
        let rows = StorageType.allCases.flatMap { type in
            [(2048, 1536), (2048, 384), (128, 1024), (1024, 1024), (65_536, 64)].flatMap { rows, columns in
                [dropout(rows: rows, columns: columns, type), columnSums(rows: rows, columns: columns, type)]
            }
        }
        return functions + others + rows
    }

    /// At a transformer's size and one that the nearest cache holds: there the functions themselves are the limit.
    private func activations(_ kind: Activation, _ type: StorageType) -> [Case] {
        Self.counts.prefix(2).flatMap { count in
            [false, true].map { backward in
                Case(kernel: backward ? "\(kind) gradient" : "\(kind)", shape: "\(count)", type: type) { [kernels] memory in
                    let (x, y) = (memory.operand(count, type), memory.result(count, type))
                    guard backward else { return { kernels.activate(kind, x, into: y) } }
                    let dy = memory.operand(count, type)
                    return { kernels.activationGradient(kind, saved: x, outputGradient: dy, into: y) }
                }
            }
        }
    }

    private func binary(_ name: String, _ count: Int, _ type: StorageType) -> Case {
        Case(kernel: name, shape: "\(count)", type: type) { [kernels] memory in
            let (a, b, c) = (memory.operand(count, type), memory.operand(count, type), memory.result(count, type))
            return { name == "sum" ? kernels.add(a, b, into: c) : kernels.multiply(a, b, into: c) }
        }
    }

    private func convert(_ count: Int, from type: StorageType) -> Case {
        let other: StorageType = type == .scalar ? .bfloat16 : .scalar
        return Case(kernel: other == .scalar ? "conversion to fp32" : "conversion to bf16", shape: "\(count)", type: type) {
            [kernels] memory in
            let (x, y) = (memory.operand(count, type), memory.result(count, other))
            return { kernels.convert(x, into: y) }
        }
    }

    /// What there is in fp32 only.
    private func scalars(_ name: String, _ count: Int) -> Case {
        Case(kernel: name, shape: "\(count)", type: .scalar) { [kernels] memory in
            let a = memory.floats(count)
            switch name {
            case "sum of squares":
                return { _ = kernels.sumOfSquares(a.span, from: 0, count: count) }
            case "sum in place":
                let b = memory.state(count)
                return {
                    var b = b.mutableSpan
                    kernels.addInPlace(a.span, to: &b)
                }
            case "multiple":
                let c = memory.floats(count)
                return {
                    var c = c.mutableSpan
                    kernels.scale(a.span, by: 0.5, into: &c)
                }
            default:
                let (b, c) = (memory.floats(count), memory.floats(count))
                return {
                    var c = c.mutableSpan
                    kernels.subtract(a.span, b.span, into: &c)
                }
            }
        }
    }

    private func dropout(rows: Int, columns: Int, _ type: StorageType) -> Case {
        Case(kernel: "dropout", shape: "\(rows)×\(columns)", type: type) { [kernels] memory in
            let (x, y) = (memory.operand(rows * columns, type), memory.result(rows * columns, type))
            let keys = (0..<rows).map { UInt64($0) }
            return { kernels.dropout(rows: rows, columns: columns, rate: 0.1, layerKey: 1, rowKeys: keys.span, x, into: y) }
        }
    }

    private func columnSums(rows: Int, columns: Int, _ type: StorageType) -> Case {
        Case(kernel: "column sums", shape: "\(rows)×\(columns)", type: type) { [kernels] memory in
            let (x, sums) = (memory.operand(rows * columns, type), memory.result(columns))
            return { kernels.columnSums(rows: rows, columns: columns, x, into: sums) }
        }
    }

    /// Rows of a table and their gradient: lstm, gpt-mini, gpt2, and a power of two.
    func embeddings() -> [Case] {
        let tables = [(2048, 256, 65), (2048, 384, 65), (1024, 768, 50_257), (1024, 1024, 4096)]
        return StorageType.allCases.flatMap { type in
            tables.flatMap { rows, columns, vocabulary in
                [false, true].map { backward in
                    Case(
                        kernel: backward ? "embedding gradient" : "embedding", shape: "\(rows)×\(columns) of \(vocabulary)", type: type
                    ) { [kernels] memory in
                        let y = memory.result(rows * columns, type)
                        let index = memory.labels(rows, below: vocabulary)
                        guard !backward else {
                            let gradient = memory.result(vocabulary * columns)
                            return {
                                kernels.embeddingGradient(
                                    rows: rows, columns: columns, vocabulary: vocabulary, index: index.span, outputGradient: y.operand,
                                    accumulates: false, into: gradient)
                            }
                        }
                        let length = 256
                        let table = memory.operand(vocabulary * columns, moved: min(rows, vocabulary) * columns)
                        let positions = memory.operand(length * columns)
                        return {
                            kernels.embedding(
                                rows: rows, length: length, columns: columns, vocabulary: vocabulary, index: index.span, table: table,
                                positions: positions, into: y)
                        }
                    }
                }
            }
        }
    }
}
