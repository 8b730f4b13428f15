import CKernels

/// The Float kernels of one level: the C table of that level, or the reference for `.swift`.
///
/// Each method checks the spans' lengths against the extents and crosses to C once. Choose the level once
/// (`InstructionSet.effective()`, agreed by all ranks) and pass the value down.
package struct FloatKernels: KernelSet {
    package typealias Scalar = Float

    package let instructionSet: InstructionSet
    let table: KernelTable?
    let reference = ReferenceKernels<Float>()

    /// - Precondition: this machine carries the level.
    package init(_ level: InstructionSet) {
        precondition(
            level <= .generic || level == .neon || level <= InstructionSet.detected,
            "This machine's kernels go up to \(InstructionSet.detected.name), not \(level.name)")
        instructionSet = level
        table = level == .swift ? nil : ck_kernels(ck_isa(rawValue: UInt32(level.rawValue))).map(KernelTable.init)
    }

    /// The sixteen-lane bodies of the AVX-512 level compiled for AVX2, for tests where there is no AVX-512; nil without AVX2.
    package static var wideForTests: FloatKernels? {
        ck_wide_kernels_for_tests().map { FloatKernels(instructionSet: .avx2, table: KernelTable($0)) }
    }

    private init(instructionSet: InstructionSet, table: KernelTable) {
        self.instructionSet = instructionSet
        self.table = table
    }
}

/// A table of C functions.
///
/// Sendable: `ck_kernels` fills all tables once, before it returns the first, and nothing writes to them afterwards.
struct KernelTable: @unchecked Sendable {
    let table: UnsafePointer<ck_table>

    init(_ table: UnsafePointer<ck_table>) { self.table = table }

    @inline(__always)
    var call: ck_table { table.pointee }
}
