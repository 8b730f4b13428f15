import Kernels
import Optimizers
import TensorCore
import Testing

@Suite("Optimisers against recorded PyTorch figures")
struct RecordedOptimizerTests {
    /// Parameters at steps 1, 2, 5, 10 and 20 against PyTorch's float64 run from the same float32 start. The tolerance is 1e-6; where
    /// PyTorch's own float32 run is further than that from its float64 run, it is that distance and a half.
    @Test("20 steps", arguments: try (recorded("optimizers.json") as OptimizerFigures).cases, levels)
    func twentySteps(_ figures: OptimizerFigures.Case, _ level: InstructionSet) throws {
        let all: OptimizerFigures = try recorded("optimizers.json")
        let layout = all.layout
        let kernels = FloatKernels(level)
        let norm = GlobalNorm(kernels: kernels)
        let optimizer = Optimizer(figures.spec, layout: layout, kernels: kernels)
        let parameters = all.arena(all.start, layout)
        let tolerance = max(1e-6, 1.5 * figures.torchFloat32Distance)
        var row = 0
        for (index, values) in all.gradients.enumerated() {
            let gradients = all.arena(values, layout)
            var scale = 1.0
            if figures.clip != nil {
                let found = norm.squared(gradients).squareRoot()
                #expect(relativeDistance(found, figures.norms[index]) < 1e-7)
                scale = clipFactor(norm: found, limit: figures.clip)
            }
            optimizer.apply(parameters: parameters, gradients: gradients, learningRate: figures.lr, gradientScale: scale)
            guard all.recordedSteps[row] == index + 1 else { continue }
            var worst = 0.0
            for (element, value) in figures.parameters[row].enumerated() {
                worst = max(worst, relativeDistance(Double(parameters[all.place(element, layout)]), value))
            }
            #expect(worst < tolerance, "\(figures.case), \(level), step \(index + 1): off by \(worst)")
            row += 1
        }
        #expect(row == all.recordedSteps.count)
        #expect(optimizer.updates == all.gradients.count)
        expectState(of: optimizer, figures, all)
        for index in 0..<layout.elementCount where !layout.entries.contains(where: { $0.range.contains(index) }) {
            #expect(parameters[index] == 0, "padding at \(index) has moved")
        }
    }

    /// The states have PyTorch's names and values; they are sums of terms of both signs, so the distance is taken relative to the largest.
    private func expectState(of optimizer: Optimizer, _ figures: OptimizerFigures.Case, _ all: OptimizerFigures) {
        #expect(Set(optimizer.state.map(\.name)) == Set(figures.state.keys))
        for (name, arena) in optimizer.state {
            guard let values = figures.state[name], let largest = values.map(abs).max() else { continue }
            for (element, value) in values.enumerated() {
                let found = Double(arena[all.place(element, optimizer.layout)])
                #expect(abs(found - value) < 1e-6 * largest, "\(figures.case): \(name)[\(element)] is \(found), PyTorch has \(value)")
            }
            for index in 0..<arena.count where !optimizer.layout.entries.contains(where: { $0.range.contains(index) }) {
                #expect(arena[index] == 0, "\(figures.case): padding of \(name) at \(index) is not zero")
            }
        }
    }

    @Test("PyTorch's defaults are ours")
    func defaults() throws {
        let all: OptimizerFigures = try recorded("optimizers.json")
        for name in ["adagrad", "rmsprop", "adam", "adamw"] {
            let untouched = try #require(all.cases.first { $0.case == name })
            let kind = try #require(OptimizerSpec.Kind(name: name))
            #expect(untouched.spec == OptimizerSpec(kind))
        }
        #expect(OptimizerSpec(.sgd()).learningRate == 1e-3)
    }
}
