/// One line of events.jsonl as a value: the writer adds `sequence`, `previous` and the time.
package struct LedgerRecord: Sendable, Equatable {
    package var kind: String
    package var step: Int
    package var generation: Int
    /// In the order in which they are written, after `kind`, `step` and `generation`.
    package var fields: [Field]

    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: LedgerValue

        package init(_ name: String, _ value: LedgerValue) {
            self.name = name
            self.value = value
        }
    }

    package init(kind: String, step: Int, generation: Int, fields: [Field] = []) {
        self.kind = kind
        self.step = step
        self.generation = generation
        self.fields = fields
    }

    package subscript(name: String) -> LedgerValue? { fields.first { $0.name == name }?.value }
}

/// What a ledger field can hold. A real that is not finite is written as null.
package enum LedgerValue: Sendable, Equatable {
    case integer(Int), real(Double), text(String), flag(Bool), integers([Int])
}
