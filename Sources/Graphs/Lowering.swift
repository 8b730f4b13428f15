import Kernels
import TensorCore

/// Turns a graph whose passes are done into instructions on fixed places: liveness, memory plan, operands.
struct Lowering<K: KernelSet> {
    let graph: Graph
    let layout: ParameterLayout
    let capacity: Int
    let kernels: K
    /// The gradient of each parameter; empty for inference.
    let gradients: [ValueID]
    /// The nodes that become instructions, in order.
    let nodes: [Node]

    private let roots: [ValueID]
    /// Where each value lies that is not in the activation arena.
    private var fixedPlaces: [ValueID: (region: Slot.Region, elementOffset: Int)] = [:]
    /// The request in the plan of each root.
    private var requestOfRoot: [ValueID: Int] = [:]
    private var requestOfWorkspace: [Int: Int] = [:]
    private var rowKeysRequest = 0
    let plan: MemoryPlan

    init(graph: Graph, layout: ParameterLayout, capacity: Int, kernels: K, gradients: [ValueID]) {
        self.graph = graph
        self.layout = layout
        self.capacity = capacity
        self.kernels = kernels
        self.gradients = gradients
        nodes = graph.nodes.filter { !$0.operation.isFree }
        roots = graph.memoryRoots()
        for entry in layout.entries {
            fixedPlaces[graph.parameterValues[entry.modelIndex]] = (.parameters, entry.offset)
            if !gradients.isEmpty {
                fixedPlaces[roots[gradients[entry.modelIndex].index]] = (.gradients, entry.offset)
            }
        }

        // From here on: who needs the activation arena, and when.
        let end = nodes.count
        var requests: [MemoryPlan.Request] = []
        var first: [ValueID: Int] = [:]
        var last: [ValueID: Int] = [:]
        var order: [ValueID] = []
        for node in graph.nodes where node.operation.isFree && node.operation != .reshape {
            for output in node.outputs where fixedPlaces[output] == nil {
                // Callers fill sources before the run and may rely on them after it.
                (first[output], last[output]) = (0, end)
                order.append(output)
            }
        }
        for (moment, node) in nodes.enumerated() {
            for input in node.inputs {
                let root = roots[input.index]
                last[root] = max(last[root] ?? 0, moment)
            }
            for output in node.outputs where fixedPlaces[output] == nil {
                (first[output], last[output]) = (moment, moment)
                order.append(output)
            }
        }
        for output in graph.outputs {
            last[roots[output.index]] = end
        }
        let backward = Lowering.valuesOfBackward(graph)
        for root in order {
            let value = graph[root]
            guard let start = first[root], let stop = last[root] else { continue }
            let category: MemoryPlan.Category =
                backward.contains(root)
                ? .gradients : (graph.nodes.first { $0.outputs.contains(root) }?.operation.isFree == true) ? .input : .activations
            requestOfRoot[root] = requests.count
            requests.append(
                MemoryPlan.Request(bytes: Lowering.bytes(of: value, capacity: capacity), lifetime: start...stop, category: category))
        }
        rowKeysRequest = requests.count
        if let keys = graph.nodes.first(where: { $0.operation == .rowKeys }), let there = requestOfRoot[keys.outputs[0]] {
            rowKeysRequest = there
        } else {
            // Callers always fill the keys, so that they need not know whether there is dropout.
            requests.append(
                MemoryPlan.Request(bytes: capacity * MemoryLayout<UInt64>.stride, lifetime: 0...end, category: .input))
        }
        for (moment, node) in nodes.enumerated() {
            let elements = Lowering.workspace(of: node, graph, capacity: capacity, kernels)
            guard elements > 0 else { continue }
            requestOfWorkspace[moment] = requests.count
            requests.append(
                MemoryPlan.Request(
                    bytes: elements * MemoryLayout<K.Scalar>.stride, lifetime: moment...moment, category: .workspace))
        }
        plan = MemoryPlan(requests)
    }

    // MARK: Operands

    /// Where a value lies.
    func slot(_ value: ValueID) -> Slot {
        let root = roots[value.index]
        let grows = graph[value].extent == .rows
        let count = graph[value].shape.elementCount
        if let place = fixedPlaces[root] {
            return Slot(
                region: place.region, offset: place.elementOffset * MemoryLayout<K.Scalar>.stride, count: count, grows: grows)
        }
        guard let request = requestOfRoot[root] else { preconditionFailure("Lowering: value \(value.index) is never computed") }
        return Slot(region: .activations, offset: plan.offsets[request], count: count, grows: grows)
    }

    /// The scratch memory of the instruction at that position.
    func workspace(_ moment: Int) -> Slot {
        guard let request = requestOfWorkspace[moment] else { return .absent }
        let elements = plan.requests[request].bytes / MemoryLayout<K.Scalar>.stride
        return Slot(region: .activations, offset: plan.offsets[request], count: elements, grows: false)
    }

    /// The keys of dropout, one per row.
    var rowKeys: Slot { Slot(region: .activations, offset: plan.offsets[rowKeysRequest], count: 1, grows: true) }

    // MARK: Sizes

    private static func bytes(of value: Value, capacity: Int) -> Int {
        let size =
            switch value.element {
            case .scalar: MemoryLayout<K.Scalar>.stride
            case .label: MemoryLayout<Int32>.stride
            case .position: MemoryLayout<UInt8>.stride
            case .key: MemoryLayout<UInt64>.stride
            }
        return value.shape.elementCount * size * (value.extent == .rows ? capacity : 1)
    }

    private static func valuesOfBackward(_ graph: Graph) -> Set<ValueID> {
        var result = Set<ValueID>()
        for node in graph.nodes {
            if node.phase == .backward { result.formUnion(node.outputs) }
            if case .lossWithGradient = node.operation { result.insert(node.outputs[1]) }
        }
        return result
    }

    /// Elements of scratch at full capacity, which by the kernels' contract is enough for fewer rows.
    private static func workspace(of node: Node, _ graph: Graph, capacity: Int, _ kernels: K) -> Int {
        switch node.operation {
        case .matmul(let form, _):
            let extents = MatmulExtents(form, graph[node.inputs[0]], graph[node.inputs[1]])
            return kernels.matmulWorkspace(extents.shape(rows: capacity))
        case .addBias:
            let x = graph[node.inputs[0]]
            let rows = x.lead * (x.extent == .rows ? capacity : 1)
            return kernels.matmulWorkspace(MatmulShape(.nn, m: rows, n: x.columns, k: 0))
        case .convolution(let window, _), .convolutionInputGradient(let window), .convolutionWeightGradient(let window):
            return kernels.convolutionWorkspace(window)
        case .convolutionPool(let both), .convolutionPoolGradients(let both, _, _):
            return kernels.convolvePoolWorkspace(convolution: both.convolution, pool: both.pool)
        default:
            return 0
        }
    }
}
