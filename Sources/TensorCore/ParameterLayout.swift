/// What is known of a parameter before it has a place: one line of a model's list of parameters.
package struct ParameterDescription: Hashable, Sendable {
    /// The name in files, "layers.0.weight".
    package var name: String
    /// PyTorch's name for what it is, "weight" or "bias".
    package var role: String
    /// The extents in memory.
    package var memoryShape: [Int]
    /// How memory maps to the file's order.
    package var transform: FileTransform
    package var initialiser: Initialiser
    /// False for a buffer: it is saved with the parameters, but no gradient moves it.
    package var trainable: Bool
    /// How far a step moves a buffer towards what the step measured.
    package var momentum: Double

    package init(
        name: String, role: String, memoryShape: [Int], transform: FileTransform, fanIn: Int, trainable: Bool = true,
        momentum: Double = 0
    ) {
        self.init(
            name: name, role: role, memoryShape: memoryShape, transform: transform, trainable: trainable, momentum: momentum,
            initialiser: .uniform(fanIn: fanIn))
    }

    package init(
        name: String, role: String, memoryShape: [Int], transform: FileTransform, trainable: Bool = true, momentum: Double = 0,
        initialiser: Initialiser
    ) {
        self.name = name
        self.role = role
        self.memoryShape = memoryShape
        self.transform = transform
        self.trainable = trainable
        self.momentum = momentum
        self.initialiser = initialiser
    }

    /// The extents in files: PyTorch's.
    package var fileShape: [Int] { transform.fileShape(memoryShape: memoryShape) }
    /// The number of elements.
    package var count: Int { memoryShape.reduce(1, *) }
}

/// The table of a model's flat arenas: which parameter lies where.
///
/// Parameters, gradients and every optimiser state have one arena each, all with this layout. Entries lie in the order in which backward
/// finishes their gradients, so that a bucket of gradients that are ready is one slice; buffers follow. Each entry starts at a multiple of 16 elements
/// (64 bytes); the elements between entries are padding and stay zero in every arena, so sums over slices need not skip them.
package struct ParameterLayout: Hashable, Sendable {
    /// A parameter and its place.
    package struct Entry: Hashable, Sendable {
        /// The name in files, "layers.0.weight".
        package let name: String
        /// "weight" or "bias".
        package let role: String
        /// The extents in files: PyTorch's.
        package let fileShape: [Int]
        /// The extents in memory.
        package let memoryShape: [Int]
        /// The first element in every arena; a multiple of ``ParameterLayout/alignment``.
        package let offset: Int
        /// The number of elements, without padding.
        package let count: Int
        /// The position in the model's own order, input side first.
        package let modelIndex: Int
        /// Whether weight decay may apply: the default group. Recipes exclude more by role or name.
        package let decays: Bool
        package let transform: FileTransform
        package let initialiser: Initialiser
        /// False for a buffer (a running statistic).
        package let trainable: Bool
        /// How far a step moves a buffer towards what the step measured; 0 for parameters.
        package let momentum: Double

        /// The elements of the arena that this parameter has.
        package var range: Range<Int> { offset..<offset + count }
    }

    /// What an entry's offset is a multiple of, in elements.
    package static let alignment = 16

    /// The entries in memory order.
    package let entries: [Entry]
    /// The entries in the model's order: the order of files, fingerprints and lists for people.
    package let modelOrder: [Entry]
    /// The length of an arena in elements, padding included; a multiple of ``alignment``.
    package let elementCount: Int
    /// The elements that training moves by gradients, padding included: a prefix, buffers lie behind it. In the gradient arena that part
    /// holds what a step measured for the buffers, so that it is combined over shards and ranks like gradients.
    package let trainedElements: Int
    /// The number of trainable elements, without padding.
    package let trainableCount: Int
    /// Changes when a name, a shape, a transform or the order in memory does: 32 hexadecimal digits.
    package let fingerprint: String

    /// Lays parameters out.
    ///
    /// - Parameters:
    ///   - parameters: all parameters in the model's order; names have to be unique.
    ///   - memoryOrder: the positions in `parameters` in the order they shall lie in memory: each exactly once.
    package init(_ parameters: [ParameterDescription], memoryOrder: [Int]) {
        precondition(
            memoryOrder.sorted() == Array(0..<parameters.count),
            "ParameterLayout: the memory order \(memoryOrder) does not name each of \(parameters.count) parameters once")
        precondition(
            Set(parameters.map(\.name)).count == parameters.count,
            "ParameterLayout: two parameters have one name: \(parameters.map(\.name))")
        var entries: [Entry] = []
        var offset = 0
        let buffersLast = memoryOrder.filter { parameters[$0].trainable } + memoryOrder.filter { !parameters[$0].trainable }
        for index in buffersLast {
            let parameter = parameters[index]
            entries.append(
                Entry(
                    name: parameter.name, role: parameter.role, fileShape: parameter.fileShape, memoryShape: parameter.memoryShape,
                    offset: offset, count: parameter.count, modelIndex: index, decays: parameter.trainable, transform: parameter.transform,
                    initialiser: parameter.initialiser, trainable: parameter.trainable, momentum: parameter.momentum))
            offset += ParameterLayout.padded(parameter.count)
        }
        self.entries = entries
        modelOrder = entries.sorted { $0.modelIndex < $1.modelIndex }
        elementCount = offset
        trainedElements = entries.first { !$0.trainable }?.offset ?? offset
        trainableCount = entries.reduce(0) { $0 + ($1.trainable ? $1.count : 0) }
        fingerprint = ParameterLayout.fingerprint(of: entries)
    }

    /// The entry of that name. Complexity: O(entries).
    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// `count` rounded up to a whole number of cache lines, in elements.
    package static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// FNV-1a over 128 bits: enough to tell layouts apart, and it needs no library. It is no defence against intent.
    private static func fingerprint(of entries: [Entry]) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
        for entry in entries {
            let line =
                "\(entry.modelIndex) \(entry.name) \(entry.fileShape) \(entry.memoryShape) \(entry.transform) \(entry.offset)\(entry.trainable ? "" : " buffer")\n"
            for byte in line.utf8 {
                hash = (hash ^ UInt128(byte)) &* prime
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
