import DataPipeline
import Graphs
import Networks
import Optimizers
import Recipes

extension StepBench {
    /// What is timed, whether it came from a recipe or is one of the workloads that are compared with PyTorch.
    package struct Workload {
        package var network: NetworkSpec
        package var task: TaskKind
        package var optimizer: OptimizerSpec
        /// In samples; a sequence is one.
        package var batch: Int
        package var precision = Precision.fp32
    }

    /// The workloads of `peers/torch_train.py`: the same sizes, optimisers and batches.
    package static func workload(named name: String) -> Workload? {
        guard let network = Zoo.network(named: name) else { return nil }
        let adam = OptimizerSpec(.adam(), learningRate: 1e-3)
        switch name {
        case "mlp": return Workload(network: network, task: .classification(classes: 10), optimizer: adam, batch: 128)
        case "resnet18":
            let sgd = OptimizerSpec(.sgd(momentum: 0.9), learningRate: 0.1, weightDecay: 5e-4)
            return Workload(network: network, task: .classification(classes: 10), optimizer: sgd, batch: 32)
        case "lstm": return sequences(network, adam, batch: 32)
        case "gpt-mini": return sequences(network, OptimizerSpec(.adamw(), learningRate: 1e-3), batch: 8)
        case "gpt2": return sequences(network, OptimizerSpec(.adamw(), learningRate: 1e-4), batch: 4)
        default: return Workload(network: network, task: .classification(classes: 10), optimizer: adam, batch: 32)
        }
    }

    private static func sequences(_ network: NetworkSpec, _ optimizer: OptimizerSpec, batch: Int) -> Workload {
        let task = TaskKind.tokens(vocabulary: network.vocabulary ?? 0, length: network.input[0])
        return Workload(network: network, task: task, optimizer: optimizer, batch: batch)
    }
}
