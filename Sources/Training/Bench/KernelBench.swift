import Formats
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
                "ms": .number(milliseconds), "flops": .number(flops), "bytes": .number(bytes),
                "gflops": .number(flops / milliseconds / 1e6), "gbytes": .number(bytes / milliseconds / 1e6),
                "limit": .string(flops > 0 ? "products" : "memory"), "peak": .number(peak / 1e9), "share": .number(share),
            ])
        }
    }

    /// A kernel at one shape. It takes its memory only when its turn has come.
    struct Case {
        let kernel: String
        let shape: String
        let type: StorageType
        /// Of products; 0 where memory is the limit.
        var flops = 0
        /// Whether bf16 runs on the multipliers all the same.
        var multipliesScalars = false
        /// Takes operands from the memory and returns the call to be timed. Bytes are those of the operands.
        let prepare: (BenchMemory) -> () -> Void
    }

    let kernels: FloatKernels
    /// Seconds for each measurement.
    let seconds: Double

    package init(kernels: FloatKernels, seconds: Double = 0.05) {
        self.kernels = kernels
        self.seconds = seconds
    }

    private var cases: [Case] {
        products() + fusedProducts() + convolutions() + pooledConvolutions() + poolings() + attentions() + lstms() + normalisations()
            + losses() + elementwise() + embeddings() + packings() + updates()
    }

    /// Measures all kernels whose name and shape contain every word of `filter`, and hands each row over as soon as it is there.
    package func run(filter: String = "", _ show: (Row) -> Void) throws(UsageError) {
        let words = filter.split(separator: " ")
        let chosen = cases.filter { one in words.allSatisfy { "\(one.kernel) \(one.shape)".contains($0) } }
        guard !chosen.isEmpty else {
            var names: [String] = []
            for one in cases where !names.contains(one.kernel) { names.append(one.kernel) }
            throw UsageError("No kernel's name and shape contain \"\(filter)\".", remedy: "There are \(names.joined(separator: "; ")).")
        }
        for one in chosen { show(measure(one)) }
    }

    private func measure(_ one: Case) -> Row {
        let memory = BenchMemory()
        let body = one.prepare(memory)
        let peak = one.flops > 0 ? productPeak(one.multipliesScalars ? .scalar : one.type) : copyPeak(bytes: memory.bytesMoved)
        let seconds = withExtendedLifetime(memory) { best(body) }
        return Row(
            kernel: one.kernel, shape: one.shape, type: one.type, milliseconds: seconds * 1e3, flops: Double(one.flops),
            bytes: Double(memory.bytesMoved), peak: peak)
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

    /// Bytes read and written per second by a copy that touches as many, up to a size that no cache holds.
    func copyPeak(bytes: Int) -> Double {
        let count = min(max(bytes / 8, 1024), 128 << 20)
        let (from, to) = (Arena<Float>(count: count), Arena<Float>(count: count))
        from.fill(1)
        return Double(8 * count) / best { to.copy(from: from) }
    }
}
