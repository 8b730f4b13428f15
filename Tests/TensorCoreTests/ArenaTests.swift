import TensorCore
import Testing

@Suite struct ArenaTests {
    @Test(arguments: [0, 1, 15, 16, 1000]) func arenasAreAlignedAndZeroed(count: Int) {
        let arena = Arena<Float>(count: count)
        #expect(UInt(bitPattern: arena.unsafeBase) % 64 == 0)
        #expect(arena.array() == [Float](repeating: 0, count: count))
    }

    @Test func spansAreWindows() {
        let arena = Arena<Double>(count: 8)
        arena.withMutableSpan(2..<5) { span in
            for index in span.indices {
                span[index] = Double(index + 1)
            }
        }
        #expect(arena.array() == [0, 0, 1, 2, 3, 0, 0, 0])
        #expect(arena.withSpan(3..<5) { $0[0] + $0[1] } == 5)
        let copy = Arena<Double>(count: 8)
        copy.copy(from: arena)
        copy.fill(7, 0..<2)
        #expect(copy.array() == [7, 7, 1, 2, 3, 0, 0, 0])
    }

    @Test func rangesOutsideAreRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = Arena<Float>(count: 4).withSpan(2..<5) { $0[0] }
        }
        await #expect(processExitsWith: .failure) {
            Arena<Float>(count: 4).copy(from: Arena<Float>(count: 5))
        }
    }
}
