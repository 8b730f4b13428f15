import Kernels
import TensorCore

/// One operation with the values it reads and writes.
package struct Node: Sendable, Equatable {
    /// Which part of a step a node belongs to.
    package enum Phase: Sendable { case forward, backward }

    package var operation: Operation
    package var inputs: [ValueID]
    package var outputs: [ValueID]
    package var phase: Phase
}

/// Operations on values of known shapes, in an order in which they can run.
///
/// A graph grows by its `add…` functions (`Graph+Dense.swift` and its neighbours), which check shapes: a mistake there is a programmer's
/// and traps with both shapes. Gradients are further nodes of the same graph, see ``Graph/appendGradients(of:contributions:)``.
package struct Graph: Sendable {
    /// Sorted so that every node comes after those it reads from.
    package internal(set) var nodes: [Node] = []
    package private(set) var values: [Value] = []
    /// The parameters, in the order in which they were added: the model's order.
    package private(set) var parameters: [ParameterDescription] = []
    /// The value of each parameter.
    package private(set) var parameterValues: [ValueID] = []
    /// Values that have to exist after the program has run, under their own identity.
    package internal(set) var outputs: [ValueID] = []
    /// ReLU outputs, for counting dead units; a pass that fuses one away moves the mark.
    package internal(set) var units: [UnitMark] = []

    /// A value whose last extent counts the units of a layer.
    package struct UnitMark: Sendable, Equatable {
        /// The layer's name, "layers.0".
        package let layer: String
        package var value: ValueID
    }

    /// Parts whose inside backward may compute again.
    package internal(set) var segments: [Segment] = []

    package struct Segment: Sendable, Equatable {
        package let name: String
        package var from: ValueID
        package var to: ValueID
    }

    package init() {}

    package subscript(value: ValueID) -> Value { values[value.index] }

    /// Appends a node with one output and returns that.
    mutating func append(
        _ operation: Operation, _ inputs: [ValueID], _ shape: Shape, _ extent: Value.Extent, phase: Node.Phase = .forward
    ) -> ValueID {
        append(operation, inputs, [Value(shape: shape, extent: extent)], phase: phase)[0]
    }

    /// Appends a node and returns its outputs.
    mutating func append(_ operation: Operation, _ inputs: [ValueID], _ outputs: [Value], phase: Node.Phase = .forward) -> [ValueID] {
        for input in inputs {
            precondition(input.index < values.count, "Graph: a value of another graph")
        }
        let ids = outputs.indices.map { ValueID(values.count + $0) }
        values += outputs
        nodes.append(Node(operation: operation, inputs: inputs, outputs: ids, phase: phase))
        return ids
    }

    /// A new name for a value of the same kind.
    mutating func duplicate(_ value: ValueID) -> ValueID { declare(values[value.index]) }

    /// A new value that some node will make.
    mutating func declare(_ value: Value) -> ValueID {
        values.append(value)
        return ValueID(values.count - 1)
    }

    /// Changes how a value is stored.
    mutating func store(_ value: ValueID, as element: Value.Element) {
        let old = values[value.index]
        values[value.index] = Value(shape: old.shape, extent: old.extent, element: element)
    }

    // MARK: Sources

    /// The features of a batch: [B] + shape.
    package mutating func addInput(_ shape: Shape) -> ValueID { append(.input, [], shape, .rows) }

    /// The tokens of a batch: indices [B, T].
    package mutating func addTokens(_ length: Int) -> ValueID {
        append(.input, [], [Value(shape: [length], extent: .rows, element: .label)])[0]
    }

    /// What a loss compares with: labels [B] (or [B, T] for sequences) for softmax cross-entropy, else values [B] + shape.
    package mutating func addTarget(_ shape: Shape, element: Value.Element = .scalar) -> ValueID {
        append(.target, [], [Value(shape: shape, extent: .rows, element: element)])[0]
    }

    /// The random keys of a batch: [B]. There is one such value in a graph.
    package mutating func addRowKeys() -> ValueID {
        if let there = nodes.first(where: { $0.operation == .rowKeys }) { return there.outputs[0] }
        return append(.rowKeys, [], [Value(shape: [], extent: .rows, element: .key)])[0]
    }

    /// A parameter with the shape it has in memory.
    package mutating func addParameter(_ description: ParameterDescription) -> ValueID {
        let value = append(.parameter(parameters.count), [], Shape(description.memoryShape), .fixed)
        parameters.append(description)
        parameterValues.append(value)
        return value
    }

    /// A value that is saved with the parameters but not trained, such as a running mean.
    package mutating func addBuffer(_ description: ParameterDescription) -> ValueID {
        precondition(!description.trainable, "addBuffer: \(description.name) is described as trainable")
        return addParameter(description)
    }

    /// Names a part of the network, from the value it reads to the value it makes: backward may compute its inside again instead of
    /// keeping it.
    package mutating func markSegment(_ name: String, from: ValueID, to: ValueID) {
        segments.append(Segment(name: name, from: from, to: to))
    }

    /// Marks a ReLU's output, so that programs can count units that are never above 0.
    package mutating func markUnits(_ value: ValueID, layer: String) { units.append(UnitMark(layer: layer, value: value)) }

    // MARK: Questions that passes ask

    /// How often each value is read by a node or has to survive as an output.
    func useCounts() -> [Int] {
        var counts = [Int](repeating: 0, count: values.count)
        for node in nodes {
            for input in node.inputs {
                counts[input.index] += 1
            }
        }
        for output in outputs {
            counts[output.index] += 1
        }
        return counts
    }

    /// The node that writes a value.
    func producer(of value: ValueID) -> Node? { nodes.first { $0.outputs.contains(value) } }

    /// For every value, the one whose memory it shares: itself, unless it is a reshape.
    func memoryRoots() -> [ValueID] {
        var roots = values.indices.map { ValueID($0) }
        for node in nodes where node.operation == .reshape {
            roots[node.outputs[0].index] = roots[node.inputs[0].index]
        }
        return roots
    }

    /// How often a value is read under any of its names.
    func readers(of root: ValueID, _ roots: [ValueID]) -> Int {
        nodes.reduce(0) { count, node in
            count + (node.operation == .reshape ? 0 : node.inputs.reduce(0) { $0 + (roots[$1.index] == root ? 1 : 0) })
        }
    }
}
