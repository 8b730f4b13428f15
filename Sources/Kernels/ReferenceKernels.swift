/// The complete set of kernels in plain Swift: multiply, then add, in the order that `KernelSet` states. The oracle of the tests, a
/// level of its own (`LOCKSTEP_MAX_ISA=swift`), and over Double the arithmetic of gradient checks.
///
/// Each operation is one short loop nest that says what the operation is; nothing is tuned. `@specialized` gives other modules the
/// Float and Double versions behind the generic entry, so that a call costs one branch and not a witness call per addition.
package struct ReferenceKernels<Scalar: KernelScalar>: KernelSet {
    package init() {}

    package var instructionSet: InstructionSet { .swift }
}
