import TensorCore
import Testing

@Suite struct FileTransformTests {
    /// The file's elements when memory element i has the value i.
    private func fileOrder(_ transform: FileTransform, _ memoryShape: [Int]) -> [Int] {
        var file = [Int](repeating: -1, count: memoryShape.reduce(1, *))
        transform.forEachElement(memoryShape: memoryShape) { file[$0] = $1 }
        return file
    }

    @Test func identityKeepsOrder() {
        #expect(fileOrder(.identity, [2, 3]) == [0, 1, 2, 3, 4, 5])
        #expect(FileTransform.identity.fileShape(memoryShape: [5]) == [5])
    }

    @Test func denseIsTransposed() {
        // Memory [in 2, out 3] rows: 0 1 2 / 3 4 5. File [out 3, in 2] rows: 0 3 / 1 4 / 2 5.
        #expect(fileOrder(.transposed, [2, 3]) == [0, 3, 1, 4, 2, 5])
        #expect(FileTransform.transposed.fileShape(memoryShape: [2, 3]) == [3, 2])
    }

    @Test func convolutionPutsOutputsFirst() {
        // Memory [kh 1, kw 2, in 2, out 2]: element (w, i, o) has the value 4w + 2i + o; the file's order is o, i, h, w.
        #expect(fileOrder(.convolution, [1, 2, 2, 2]) == [0, 4, 2, 6, 1, 5, 3, 7])
        #expect(FileTransform.convolution.fileShape(memoryShape: [3, 5, 7, 11]) == [11, 7, 3, 5])
    }

    @Test func denseAfterFlattenReadsChannelsFirst() {
        // Memory rows are (h, w, c) with h 1, w 2, c 2; one output. PyTorch's columns are (c, h, w).
        let transform = FileTransform.flattenedTransposed(height: 1, width: 2, channels: 2)
        #expect(fileOrder(transform, [4, 1]) == [0, 2, 1, 3])
        #expect(transform.fileShape(memoryShape: [4, 1]) == [1, 4])
    }

    @Test(arguments: [
        (FileTransform.identity, [7]), (.transposed, [3, 5]), (.convolution, [2, 3, 4, 5]),
        (.flattenedTransposed(height: 2, width: 3, channels: 4), [24, 5]),
    ])
    func everyElementIsVisitedOnce(transform: FileTransform, memoryShape: [Int]) {
        #expect(fileOrder(transform, memoryShape).sorted() == Array(0..<memoryShape.reduce(1, *)))
    }
}
