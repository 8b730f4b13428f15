import Kernels
import TensorCore

extension Execution {
    /// ``forwardBackward(rows:scale:parameters:gradients:repack:)`` with a look at the clock after every instruction.
    ///
    /// - Parameters:
    ///   - clock: nanoseconds, monotonic.
    ///   - nanoseconds: one element per instruction of the program, and a last one for packing weights; added to.
    package func profile(
        rows: Int, scale: K.Scalar, parameters: Arena<K.Scalar>, gradients: Arena<K.Scalar>, clock: () -> UInt64,
        into nanoseconds: inout [UInt64]
    ) {
        precondition(nanoseconds.count == program.instructionCount + 1, "Execution.profile: one place per instruction and one for packing")
        precondition(rows > 0, "Execution.profile: there is nothing to measure without rows")
        var before = clock()
        pack(parameters)
        var after = clock()
        nanoseconds[program.instructionCount] += after - before
        for index in 0..<program.instructionCount {
            before = after
            run(index..<index + 1, rows, scale, parameters, gradients.unsafeBase)
            after = clock()
            nanoseconds[index] += after - before
        }
    }
}
