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
/// and traps with both shapes. Gradients are further nodes of the same graph, see ``Graph/appendGradients(of:)``.
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

    // MARK: Sources

    /// The features of a batch: [B] + shape.
    package mutating func addInput(_ shape: Shape) -> ValueID { append(.input, [], shape, .rows) }

    /// What a loss compares with: labels [B] for softmax cross-entropy, else values [B] + shape.
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
}
