import TensorCore

extension Graph {
    /// Appends the nodes that compute the gradient of scale·Σ rows of `loss` with respect to every parameter.
    ///
    /// Nodes are visited from the loss backward; a path that leads to no parameter is not followed, so the first layer has no input
    /// gradient. A value read by several nodes gets the sum of what they contribute, in the order in which backward reaches them.
    ///
    /// - Parameters:
    ///   - loss: the output of a loss node.
    ///   - contributions: for each buffer, what stands in the place of its gradient.
    /// - Returns: for each parameter a value that no other parameter shares, so that it can be computed in place in the gradient arena.
    mutating func appendGradients(of loss: ValueID, contributions: [ValueID: ValueID] = [:]) -> [ValueID] {
        guard case .loss? = producer(of: loss)?.operation else {
            preconditionFailure("gradient: the value to differentiate has to be the output of a loss")
        }
        let leadsToParameter = valuesThatDependOnParameters()
        var gradients = [ValueID?](repeating: nil, count: values.count)
        for node in nodes.reversed() {
            let wanted = node.inputs.map { leadsToParameter[$0.index] }
            let upstream = gradients[node.outputs[0].index]
            guard wanted.contains(true), upstream != nil || node.outputs == [loss] else { continue }
            guard let rule = GradientRules.table[node.operation.kind] else {
                preconditionFailure("gradient: there is no rule for \(node.operation.kind)")
            }
            var context = GradientContext(graph: self, node: node, upstream: upstream, wanted: wanted)
            let contributions = rule(&context)
            self = context.graph
            for case (let input, let contribution?) in zip(node.inputs, contributions) {
                precondition(
                    self[contribution].shape == self[input].shape && self[contribution].extent == self[input].extent,
                    "gradient of \(node.operation.kind): shape \(self[contribution].shape) for an input of shape \(self[input].shape)")
                if let earlier = gradients[input.index] {
                    gradients[input.index] = addSum(earlier, contribution, phase: .backward)
                } else {
                    gradients[input.index] = contribution
                }
            }
        }
        for (buffer, contribution) in contributions { gradients[buffer.index] = contribution }
        return ownedGradients(gradients)
    }

    private func valuesThatDependOnParameters() -> [Bool] {
        var depends = [Bool](repeating: false, count: values.count)
        for node in nodes {
            var result = node.inputs.contains { depends[$0.index] }
            if case .parameter = node.operation { result = true }
            for output in node.outputs {
                depends[output.index] = result
            }
        }
        return depends
    }

    /// Makes every parameter's gradient a value of its own: zeros where the loss does not depend on it, a copy where a rule passed one
    /// value on to two parameters.
    private mutating func ownedGradients(_ gradients: [ValueID?]) -> [ValueID] {
        let roots = memoryRoots()
        var taken = Set<ValueID>()
        for source in nodes where source.operation.isSource {
            taken.formUnion(source.outputs)
        }
        return parameterValues.map { parameter in
            guard let gradient = gradients[parameter.index] else {
                return append(.zeros, [], self[parameter].shape, .fixed, phase: .backward)
            }
            guard taken.insert(roots[gradient.index]).inserted else {
                return addScaling(gradient, by: 1, phase: .backward)
            }
            return gradient
        }
    }
}
