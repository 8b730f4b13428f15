import TensorCore

extension Graph {
    /// Takes out what only training does: dropout, and activations that change nothing. Readers read what was before them.
    ///
    /// - Parameter dropout: whether dropout goes too.
    mutating func removeIdentities(dropout: Bool) {
        var renamed = values.indices.map { ValueID($0) }
        nodes = nodes.compactMap { node in
            var node = node
            node.inputs = node.inputs.map { renamed[$0.index] }
            switch node.operation {
            case .attention(var call) where dropout && call.dropout > 0:
                call.dropout = 0
                node.operation = .attention(call)
                node.inputs = [node.inputs[0]]
                return node
            case .dropout where dropout, .activate(.identity):
                renamed[node.outputs[0].index] = node.inputs[0]
                return nil
            default:
                return node
            }
        }
        outputs = outputs.map { renamed[$0.index] }
        segments = segments.map { Segment(name: $0.name, from: renamed[$0.from.index], to: renamed[$0.to.index]) }
        for index in units.indices {
            units[index].value = renamed[units[index].value.index]
        }
    }

    /// Removes nodes whose results nobody needs. Sources stay: they are what callers fill.
    mutating func removeUnused() {
        var needed = [Bool](repeating: false, count: values.count)
        for output in outputs {
            needed[output.index] = true
        }
        var kept: [Node] = []
        for node in nodes.reversed() {
            guard node.operation.isSource || node.outputs.contains(where: { needed[$0.index] }) else { continue }
            kept.append(node)
            for input in node.inputs {
                needed[input.index] = true
            }
        }
        nodes = kept.reversed()
    }
}
