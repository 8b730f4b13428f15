/// A hostfile in Open MPI's grammar: which machines a run may use and how many ranks each takes.
///
/// ```
/// # comment   // comment   /* block */
/// node1 slots=4 max_slots=8      # also slots-max, max-slots, slots_max, cpu, count, and their max forms
/// user@node2 slots = 4           # spaces around '=' are fine
/// node3                          # no slots: as many as it has cores; repeated lines add one slot each
/// ^node4                         # not this one
/// ```
/// Read the same way by mpirun 4.1 (`orte/util/hostfile`), with better messages.
package struct Hostfile: Sendable, Equatable {
    package struct Host: Sendable, Equatable {
        package var name: String
        package var user: String?
        /// Ranks the machine takes; nil: as many as it has cores.
        package var slots: Int?
        /// The most it takes when oversubscribed. Open MPI 4.1 does not hold it against `--oversubscribe`.
        package var maxSlots: Int?
        /// The line that names the host first.
        package var line: Int
    }

    /// In the order of the file, each host once.
    package var hosts: [Host]
    /// Hosts that are not to be used (`^name`).
    package var excluded: [String]

    /// The sum of the stated slots; nil where a host leaves it to its number of cores.
    package var totalSlots: Int? {
        var total = 0
        for host in hosts {
            guard let slots = host.slots else { return nil }
            total += slots
        }
        return total
    }
}

/// What is wrong with a hostfile: file, line, the text that was found, and what to write instead.
package struct HostfileError: Error, CustomStringConvertible, Sendable, Equatable {
    package var file: String
    /// Counted from 1; 0 where the file as a whole is meant.
    package var line: Int
    package var text: String

    package var description: String {
        line > 0 ? "\(file), line \(line): \(text)" : "\(file): \(text)"
    }
}
