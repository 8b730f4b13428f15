import Formats
import Graphs
import Kernels
import TensorCore

/// `lockstep bench kernels`: every kernel at the shapes of the workloads and at powers of two, as a share of what its unit can do.
///
/// The yardsticks (products in registers, a copy of as many bytes) run right before each kernel, because the clock of a shared machine
/// drifts by half within an hour: only shares of one moment say something.
package struct KernelBench {
    /// One measurement.
    package struct Row: Sendable {
        package var kernel: String
        package var shape: String
        /// What is multiplied or stored: fp32 or bf16.
        package var type: StorageType
        package var milliseconds: Double
        /// Of products; 0 where memory is the limit.
        package var flops: Double
        package var bytes: Double
        /// Of the unit, in the same moment: floating-point operations or bytes per second.
        package var peak: Double

        /// What the kernel does of the limit that it is held against, 1 being all of it.
        package var share: Double { (flops > 0 ? flops : bytes) / (milliseconds * 1e-3) / peak }

        package var json: JSONValue {
            .object([
                "kernel": .string(kernel), "shape": .string(shape), "dtype": .string(type == .scalar ? "fp32" : "bf16"),
                "ms": .number(milliseconds), "gflops": .number(flops / milliseconds / 1e6), "gbytes": .number(bytes / milliseconds / 1e6),
                "limit": .string(flops > 0 ? "products" : "memory"), "peak": .number(peak / 1e9), "share": .number(share),
            ])
        }
    }

    /// A kernel with its operands, ready to run.
    struct Case {
        let kernel: String
        let shape: String
        let type: StorageType
        let flops: Double
        let bytes: Double
        let run: () -> Void
    }

    let kernels: FloatKernels
    /// Seconds for each measurement.
    let seconds: Double

    package init(kernels: FloatKernels, seconds: Double = 0.1) {
        self.kernels = kernels
        self.seconds = seconds
    }

    /// Measures all kernels whose name contains `filter`, and hands each row over as soon as it is there.
    package func run(filter: String = "", _ show: (Row) -> Void) {
        let makers = products() + convolutions() + sequences() + memoryBound()
        for maker in makers where filter.isEmpty || maker.name.contains(filter) {
            let one = maker.make()
            show(measure(one))
        }
    }

    /// A case that takes its memory only when its turn has come.
    struct Maker {
        let name: String
        let make: () -> Case
    }

    private func measure(_ one: Case) -> Row {
        let peak = one.flops > 0 ? productPeak(one.type) : copyPeak(bytes: Int(one.bytes))
        return Row(
            kernel: one.kernel, shape: one.shape, type: one.type, milliseconds: best(one.run) * 1e3, flops: one.flops, bytes: one.bytes,
            peak: peak)
    }

    /// The lower quartile of repeated runs, in seconds.
    private func best(_ body: () -> Void) -> Double {
        body()
        var times: [Double] = []
        let began = Clock.nanoseconds
        repeat {
            let start = Clock.nanoseconds
            body()
            times.append(Double(Clock.nanoseconds - start) * 1e-9)
        } while Double(Clock.nanoseconds - began) * 1e-9 < seconds || times.count < 3
        return times.sorted()[times.count / 4]
    }

    /// Floating-point operations per second in registers: of tiles for bf16 where there are some, else of the multipliers.
    func productPeak(_ type: StorageType) -> Double {
        let unit: StorageType = type == .bfloat16 && kernels.runPeak(.bfloat16, rounds: 1) != nil ? .bfloat16 : .scalar
        let rounds = 200_000
        guard let flops = kernels.runPeak(unit, rounds: rounds) else { return .nan }
        return flops / best { _ = kernels.runPeak(unit, rounds: rounds) }
    }

    /// Bytes read and written per second by a copy that touches as many.
    func copyPeak(bytes: Int) -> Double {
        let count = max(bytes / 8, 1024)
        let (from, to) = (Arena<Float>(count: count), Arena<Float>(count: count))
        from.fill(1)
        return Double(8 * count) / best { to.copy(from: from) }
    }
}

/// Memory of a benchmark: arenas that live as long as the case, seen as kernels want them.
final class BenchMemory {
    private var floats: [Arena<Float>] = []
    private var halves: [Arena<UInt16>] = []
    private var bytes: [Arena<UInt8>] = []
    private var stream: UInt64 = 0

    /// Small random numbers of either type.
    func operand(_ count: Int, _ type: StorageType) -> Operand<Float> {
        destination(count, type, random: true).operand
    }

    func destination(_ count: Int, _ type: StorageType, random: Bool = false) -> Destination<Float> {
        stream += 1
        let numbers = CounterRandom(seed: 1, stream: stream)
        func value(_ index: Int) -> Float { numbers.uniform(at: UInt64(index % 65_536)) - 0.5 }
        switch type {
        case .scalar:
            let arena = Arena<Float>(count: count)
            floats.append(arena)
            if random { arena.withMutableSpan { span in for index in span.indices { span[index] = value(index) } } }
            return Destination(base: UnsafeMutableRawPointer(arena.unsafeBase), count: count, type: type)
        case .bfloat16:
            let arena = Arena<UInt16>(count: count)
            halves.append(arena)
            if random {
                arena.withMutableSpan { span in for index in span.indices { span[index] = BFloat16Bits.rounding(value(index)) } }
            }
            return Destination(base: UnsafeMutableRawPointer(arena.unsafeBase), count: count, type: type)
        }
    }

    func scratch(_ count: Int) -> Scratch {
        let arena = Arena<UInt8>(count: count)
        bytes.append(arena)
        return Scratch(base: UnsafeMutableRawPointer(arena.unsafeBase), bytes: count)
    }
}
