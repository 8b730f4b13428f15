import Kernels
import TensorCore

/// Counts dead units: ReLU units whose output was 0 on everything an evaluation showed them.
///
/// A unit is one feature of a dense layer or one filter of a convolution; it is dead when its output was never above 0, on any row and at
/// any position. For a convolution fused with max pooling the pooled map is looked at, which is the same as far as the pooling windows
/// cover the map. Such a unit gets no gradient from these samples and passes nothing on. The figure depends on the samples: over a
/// whole validation set it says that part of the network is idle.
///
///     let program = Program.compile(model, capacity: 256, mode: .inference, kernels: kernels, keepsUnits: true)
///     var activity = UnitActivity(program)
///     for batch in … { …; execution.forward(rows: n, parameters: weights); activity.observe(execution) }
///     activity.layers
package struct UnitActivity: Sendable {
    private let places: [Program.UnitPlace]
    /// For each place, whether each unit was ever above 0.
    private var alive: [[Bool]]
    /// The rows seen.
    package private(set) var rows = 0

    /// - Precondition: the program was compiled with `keepsUnits`, or has no ReLU.
    package init(_ program: Program) {
        places = program.units
        alive = program.units.map { [Bool](repeating: false, count: $0.units) }
    }

    /// Looks at the outputs of the last run of an execution of this program.
    ///
    /// - Complexity: O(rows · activations). No allocation.
    package mutating func observe<K: KernelSet>(_ execution: Execution<K>) {
        precondition(execution.program.units == places, "UnitActivity: the execution runs another program, or one without kept units")
        rows += execution.rows
        for (index, place) in places.enumerated() {
            execution.readOperand(place.slot) { outputs in
                for element in 0..<outputs.count where outputs[element] > 0 {
                    alive[index][element % place.units] = true
                }
            }
        }
    }

    /// Per layer with a ReLU: its units, and how many were never above 0. All are 0 before anything was observed.
    package var layers: [(layer: String, units: Int, dead: Int)] {
        zip(places, alive).map { place, alive in
            (place.layer, place.units, rows == 0 ? 0 : alive.reduce(0) { $0 + ($1 ? 0 : 1) })
        }
    }

    /// Dead units over all units; 0 for a network without ReLU.
    package var deadFraction: Double {
        let (units, dead) = layers.reduce((0, 0)) { ($0.0 + $1.units, $0.1 + $1.dead) }
        return units == 0 ? 0 : Double(dead) / Double(units)
    }
}
