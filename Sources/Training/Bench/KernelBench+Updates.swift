import Kernels

extension KernelBench {
    /// What updates a slice of parameters. Each reads gradients, and reads and writes parameters and states.
    private enum Update: String, CaseIterable {
        case adam = "adam"
        case sgd = "sgd, momentum"
        case rmsprop = "rmsprop"
        case adagrad = "adagrad"

        /// The parameters of the workloads that it trains: mlp-small, mlp, resnet18 and gpt2 in their optimisers.
        var workloads: [Int] {
            switch self {
            case .adam: [55_050, 1_863_690, 10_745_088, 124_439_808]
            case .sgd: [11_173_962]
            case .rmsprop, .adagrad: []
            }
        }
    }

    func updates() -> [Case] {
        Update.allCases.flatMap { kind in
            (kind.workloads + [1 << 14, 1 << 18, 1 << 22]).map { count in
                Case(kernel: kind.rawValue, shape: "\(count) parameters", type: .scalar) { [kernels] memory in
                    Self.update(kind, count, memory, kernels)
                }
            }
        }
    }

    private static func update(_ kind: Update, _ count: Int, _ memory: BenchMemory, _ kernels: FloatKernels) -> () -> Void {
        let (gradients, parameters, state) = (memory.floats(count), memory.state(count), memory.state(count))
        switch kind {
        case .adam:
            let second = memory.state(count)
            let step = AdamStep(
                learningRate: 1e-3, weightDecay: 0.01, decoupled: true, biasCorrection1: 0.1, biasCorrection2SquareRoot: 0.03)
            return {
                var parameters = parameters.mutableSpan
                var state = state.mutableSpan
                var second = second.mutableSpan
                kernels.adamUpdate(
                    step, gradients: gradients.span, parameters: &parameters, firstMoment: &state, secondMoment: &second)
            }
        case .sgd:
            let step = SGDStep(learningRate: 1e-3, momentum: 0.9, weightDecay: 5e-4)
            return {
                var parameters = parameters.mutableSpan
                var state = state.mutableSpan
                kernels.sgdUpdate(step, gradients: gradients.span, parameters: &parameters, momentumBuffer: &state)
            }
        case .rmsprop:
            let step = RMSpropStep(learningRate: 1e-3)
            let (average, momentum) = (memory.state(0), memory.state(0))
            return {
                var parameters = parameters.mutableSpan
                var state = state.mutableSpan
                var average = average.mutableSpan
                var momentum = momentum.mutableSpan
                kernels.rmspropUpdate(
                    step, gradients: gradients.span, parameters: &parameters, squareAverage: &state, gradientAverage: &average,
                    momentumBuffer: &momentum)
            }
        case .adagrad:
            let step = AdagradStep(learningRate: 1e-3)
            return {
                var parameters = parameters.mutableSpan
                var state = state.mutableSpan
                kernels.adagradUpdate(step, gradients: gradients.span, parameters: &parameters, sum: &state)
            }
        }
    }
}
