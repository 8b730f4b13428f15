import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The levels of kernels, slowest first. All ranks of a run use one level, because levels round differently (fused or not).
package enum InstructionSet: Int, Comparable, CaseIterable, Sendable, Codable {
    /// Plain Swift, the oracle of the tests: multiply, then add.
    case swift
    /// C for any architecture, four lanes: multiply, then add.
    case generic
    /// Eight lanes, fused multiply-add.
    case avx2
    /// Sixteen lanes, fused multiply-add (f, bw, dq, vl).
    case avx512
    /// AVX-512 with the instruction that rounds to bf16.
    case avx512bf16
    /// Tiles of bf16 over AVX-512: products in bf16; everything in fp32 is AVX-512's.
    case amx
    /// Its place is kept; until it is filled an ARM machine runs the generic level.
    case neon

    package static func < (left: InstructionSet, right: InstructionSet) -> Bool {
        left.rawValue < right.rawValue
    }

    /// As `LOCKSTEP_MAX_ISA` and the run log spell it.
    package var name: String { "\(self)" }

    /// The highest level that this processor and operating system carry (CPUID and XCR0), whatever the environment says.
    package static let detected: InstructionSet = InstructionSet(rawValue: Int(ck_detect().rawValue)) ?? .generic

    /// The level to use here: `detected`, capped by the environment variable `LOCKSTEP_MAX_ISA`.
    ///
    /// A cap that belongs to another architecture means the generic level.
    /// - Throws: `KernelError` if the variable names no level.
    package static func effective() throws(KernelError) -> InstructionSet {
        guard let value = getenv("LOCKSTEP_MAX_ISA") else { return detected }
        return try capped(by: String(cString: value))
    }

    /// `detected`, but at most the level of that name; an empty name is no cap.
    package static func capped(by name: String) throws(KernelError) -> InstructionSet {
        if name.isEmpty { return detected }
        guard let cap = allCases.first(where: { $0.name == name }) else {
            let known = allCases.map(\.name).joined(separator: ", ")
            throw KernelError("LOCKSTEP_MAX_ISA is \"\(name)\", which names no kernel level; set it to one of \(known), or unset it")
        }
        if cap <= .generic { return cap }
        return ladder.contains(cap) ? min(cap, detected) : .generic
    }

    /// The levels that can run on this machine, slowest first.
    package static var available: [InstructionSet] {
        ladder.filter { $0 <= .generic || $0 <= detected }
    }

    private static var ladder: [InstructionSet] {
        #if arch(x86_64)
            [.swift, .generic, .avx2, .avx512, .avx512bf16, .amx]
        #elseif arch(arm64)
            [.swift, .generic, .neon]
        #else
            [.swift, .generic]
        #endif
    }
}
