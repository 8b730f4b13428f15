import Kernels
import Testing

@Suite struct InstructionSetTests {
    @Test func capsLowerTheLevel() throws {
        #expect(try InstructionSet.capped(by: "") == .detected)
        #expect(try InstructionSet.capped(by: "swift") == .swift)
        #expect(try InstructionSet.capped(by: "generic") == .generic)
        #expect(try InstructionSet.capped(by: "avx2") <= .avx2)
        #if arch(x86_64)
            #expect(try InstructionSet.capped(by: "amx") == .detected)
            #expect(try InstructionSet.capped(by: "neon") == .generic)
        #endif
    }

    @Test func anUnknownCapIsAnErrorThatListsTheLevels() {
        #expect {
            try InstructionSet.capped(by: "sse9")
        } throws: { error in
            let text = "\(error)"
            return text.contains("LOCKSTEP_MAX_ISA") && text.contains("\"sse9\"")
                && text.contains("swift, generic, avx2, avx512, avx512bf16, amx, neon")
        }
    }

    @Test func availableLevelsBeginWithSwiftAndEndWithTheDetectedOne() {
        #expect(InstructionSet.available.first == .swift)
        #expect(InstructionSet.available.contains(.generic))
        #expect(InstructionSet.available.last == InstructionSet.detected || InstructionSet.available.last == .neon)
        #expect(InstructionSet.available == InstructionSet.available.sorted())
        for level in InstructionSet.available { #expect(FloatKernels(level).instructionSet == level) }
    }
}
