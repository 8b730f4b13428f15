import Kernels
import TensorCore

/// A program with its memory: what a rank runs every step.
///
/// The arena is allocated here, once; runs allocate nothing and touch no reference count inside their loop. Not thread-safe: one thread
/// uses an execution at a time.
///
///     execution.withInput { … }; execution.withClasses { … }; execution.withRowKeys { … }
///     execution.forwardBackward(rows: 32, scale: 1, parameters: weights, gradients: gradients)
///     let loss = execution.withRowLosses { … }
package final class Execution<K: KernelSet> where K.Scalar: BitwiseCopyable {
    package let program: Program
    package let kernels: K
    let arena: Arena<UInt8>
    /// Weights in the kernels' order.
    let packed: Arena<UInt8>
    /// What has been packed since ``beginPacking()``.
    package internal(set) var packing: PackingCursor
    /// The rows of the last run.
    package internal(set) var rows = 0

    /// Allocates the arena.
    /// - Precondition: the program was compiled for kernels of this scalar type and level.
    package init(_ program: Program, kernels: K) {
        precondition(
            program.scalarBytes == MemoryLayout<K.Scalar>.stride && program.instructionSet == kernels.instructionSet,
            "Execution: the program was compiled for \(program.scalarBytes)-byte scalars on \(program.instructionSet), the kernels are "
                + "\(MemoryLayout<K.Scalar>.stride)-byte on \(kernels.instructionSet)")
        self.program = program
        self.kernels = kernels
        arena = Arena<UInt8>(count: program.plan.arenaBytes)
        packed = Arena<UInt8>(count: program.packed.bytes)
        packing = PackingCursor(program.packed.places)
    }

    /// Computes predictions, row losses and the gradient of scale·Σ row losses.
    ///
    /// - Parameters:
    ///   - rows: 0 to the capacity; rows beyond are neither read nor counted. 0 rows store zero gradients.
    ///   - scale: what each row's loss counts, 1/(samples of the global batch) for a mean.
    ///   - parameters: in the program's layout; read.
    ///   - gradients: in the program's layout; every element of every entry is stored, padding is left alone.
    ///   - repack: whether the parameters may have changed since the last run: packed copies are made again then. Several runs with the
    ///     same parameters (the shards of a step) need it once.
    /// - Complexity: O(rows · FLOPs). No allocation.
    package func forwardBackward(rows: Int, scale: K.Scalar, parameters: Arena<K.Scalar>, gradients: Arena<K.Scalar>, repack: Bool = true) {
        precondition(program.mode == .training, "Execution.forwardBackward: the program was compiled for inference")
        check(rows, parameters)
        precondition(
            gradients.count == program.layout.elementCount,
            "Execution: a gradient arena of \(gradients.count) elements, the layout has \(program.layout.elementCount)")
        self.rows = rows
        guard rows > 0 else {
            gradients.fill(0)
            return
        }
        if repack { pack(parameters) }
        run(0..<program.instructions.count, rows, scale, parameters, gradients.unsafeBase)
    }

    /// Computes predictions and row losses. A training program does so with dropout, as its forward phase.
    ///
    /// - Parameters: as for ``forwardBackward(rows:scale:parameters:gradients:repack:)``.
    /// - Complexity: O(rows · FLOPs). No allocation.
    package func forward(rows: Int, parameters: Arena<K.Scalar>, repack: Bool = true) {
        check(rows, parameters)
        self.rows = rows
        guard rows > 0 else { return }
        if repack { pack(parameters) }
        // The forward phase writes no gradients; the parameters' address stands in for an arena that is never touched.
        run(0..<program.forwardCount, rows, 1, parameters, parameters.unsafeBase)
    }

    func run(
        _ range: Range<Int>, _ rows: Int, _ scale: K.Scalar, _ parameters: Arena<K.Scalar>, _ gradients: UnsafeMutablePointer<K.Scalar>
    ) {
        let memory = ExecutionMemory(
            activations: UnsafeMutableRawPointer(arena.unsafeBase), parameters: UnsafeMutableRawPointer(parameters.unsafeBase),
            gradients: UnsafeMutableRawPointer(gradients), packed: UnsafeMutableRawPointer(packed.unsafeBase), rows: rows)
        withExtendedLifetime((arena, packed, parameters)) {
            Subnormals.flushed { runInstructions(program.instructions, range, memory, kernels, scale) }
        }
    }

    private func check(_ rows: Int, _ parameters: Arena<K.Scalar>) {
        precondition(
            rows >= 0 && rows <= program.capacity, "Execution: \(rows) rows, the program was compiled for 0 to \(program.capacity)")
        precondition(
            parameters.count == program.layout.elementCount,
            "Execution: a parameter arena of \(parameters.count) elements, the layout has \(program.layout.elementCount)")
    }
}
