import Checkpoints
import Collectives
import DataPipeline
import Formats
import Inference
import Kernels
import Networks
import Optimizers
import Quality
import Recipes
import TensorCore

/// What the process tells its caller when it ends (DESIGN section 3).
package enum ExitCode: Int32, Sendable {
    case finished = 0
    case usage = 2
    case badInput = 3
    case unrecoverable = 4
    case peerLost = 5
    case environment = 6
    case interrupted = 130
    case terminated = 143
}

/// A mistake in what was typed.
package struct UsageError: Error, CustomStringConvertible {
    package let message: String
    package let remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    package var description: String { "\(message)\n\(remedy)" }
}

/// An error that already says what, where, why and how to mend it, with the code that the process ends with.
package struct RunFailure: Error, CustomStringConvertible {
    package let code: ExitCode
    package let description: String

    package init(_ code: ExitCode, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Sorts any error of the layers below under its exit code. Errors describe themselves; only the code is decided here.
    package init(_ error: any Error) {
        switch error {
        case let failure as RunFailure: self = failure
        case let agreed as AgreedFailure: self.init(agreed.underlying)
        case is UsageError, is RecipeError, is NetworkError, is KernelError, is QualityError, is OptimizerError:
            self.init(.usage, "\(error)")
        case let error as DataError: self.init(ExitCode(rawValue: error.exitCode) ?? .badInput, "\(error)")
        case is FormatError, is LayoutError: self.init(.badInput, "\(error)")
        case let error as CheckpointError: self.init(ExitCode(rawValue: error.exitCode) ?? .badInput, "\(error)")
        case let error as InferenceError: self.init(error.isUsage ? .usage : .badInput, "\(error)")
        case let error as CollectiveError: self.init(.peerLost, "\(error)")
        case let error as RunDirectoryError: self.init(ExitCode(rawValue: error.exitCode) ?? .environment, "\(error)")
        default: self.init(.environment, "\(error)")
        }
    }
}

/// Thrown on the ranks that did not fail when another one did: they end with the same code and say nothing.
package struct PeerFailure: Error {
    package let rank: Int
    package let code: ExitCode

    package init(rank: Int, code: ExitCode) {
        self.rank = rank
        self.code = code
    }
}

/// Thrown on every rank when a run ended in order but with a code of its own; everything has been said.
package struct RunEnd: Error {
    package let code: ExitCode

    package init(code: ExitCode) { self.code = code }
}
