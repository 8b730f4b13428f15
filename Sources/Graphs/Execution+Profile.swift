import Kernels
import TensorCore

extension Execution {
    /// ``forwardBackward(rows:scale:parameters:gradients:repack:)`` with a look at the clock after every instruction.
    ///
    /// - Parameters:
    ///   - clock: nanoseconds, monotonic.
    ///   - nanoseconds: one element per instruction of the program; added to.
    /// - Precondition: the weights are packed.
    package func profile(
        rows: Int, scale: K.Scalar, parameters: Arena<K.Scalar>, gradients: Arena<K.Scalar>, clock: () -> UInt64,
        into nanoseconds: inout [UInt64]
    ) {
        precondition(nanoseconds.count == program.instructionCount, "Execution.profile: one place per instruction")
        precondition(rows > 0, "Execution.profile: there is nothing to measure without rows")
        var (before, after) = (UInt64(0), clock())
        for index in 0..<program.instructionCount {
            before = after
            run(index..<index + 1, rows, scale, parameters, gradients.unsafeBase)
            after = clock()
            nanoseconds[index] += after - before
        }
    }
}
