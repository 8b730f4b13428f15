/// How far packing has come between the blocks of an update. The blocks ascend and are small; a place is asked only when a part of it can be
/// ready, so that a model of many blocks and many places does not pay their product.
package struct PackingCursor: Sendable {
    /// The plan's places in the order in which their elements begin.
    private let order: [Int]
    /// How many rows of each place have been packed since ``restart()``.
    private var packed: [Int]
    /// Places in `order` before this one have been packed as a whole.
    private var first = 0
    /// Nothing can be packed before the arena has its values up to here.
    private var due = 0
    /// How often a place was asked since ``restart()``.
    package private(set) var questions = 0

    init(_ places: [PackedPlan.Place]) {
        order = places.indices.sorted { (places[$0].firstElement, $0) < (places[$1].firstElement, $1) }
        packed = Array(repeating: 0, count: places.count)
    }

    mutating func restart() {
        for index in packed.indices { packed[index] = 0 }
        (first, due, questions) = (0, 0, 0)
    }

    /// Whether ``advance(through:_:pack:)`` would pack anything, but for the first call.
    func isDue(_ element: Int) -> Bool { element >= due }

    /// Calls `pack` with the rows of each place that the elements before `element` complete.
    mutating func advance(through element: Int, _ places: [PackedPlan.Place], pack: (PackedPlan.Place, Range<Int>) -> Void) {
        due = .max
        for at in first..<order.count {
            let index = order[at]
            let ready = places[index].rows(before: element)
            questions += 1
            if ready > packed[index] {
                pack(places[index], packed[index]..<ready)
                packed[index] = ready
            }
            let next = places[index].nextPart(after: ready)
            if next == nil && at == first { first += 1 }
            due = min(due, next ?? .max)
            if element <= places[index].firstElement {
                // Nor has any place behind this one begun.
                due = min(due, places[index].firstElement + 1)
                break
            }
        }
    }
}
