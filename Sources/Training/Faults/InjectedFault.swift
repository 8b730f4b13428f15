/// One fault asked for with `--inject`, so that anyone can see what the coordinator does about it.
///
/// Grammar: `KIND[:ARGUMENT]@WHEN`, for instance `nan:rank=1@step=300`, `lr:x100@step=300`, `flip-labels:rank=1@epoch=2`.
/// Arguments are separated by commas. Steps and epochs count from 1, as they do in the log.
package struct InjectedFault: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// One gradient element of `rank` becomes NaN, in the step named and in no other.
        case nan(rank: Int)
        /// The learning rate that is applied is `factor` times the scheduled one, from the step named on, until control ends it.
        case learningRate(factor: Double)
        /// The labels of the samples that `rank` reads are turned (class c becomes classes − 1 − c; a value y becomes −y or 1 − y for
        /// binary targets), from the epoch named on, until control ends it.
        case flipLabels(rank: Int)
    }

    package enum Onset: Sendable, Equatable {
        case step(Int)
        case epoch(Int)
    }

    package let kind: Kind
    package let onset: Onset
    /// The text it was made from, for messages.
    package let text: String

    package init(parsing text: String) throws(UsageError) {
        self.text = text
        func refuse(_ why: String) -> UsageError {
            UsageError(
                "--inject \(text): \(why).",
                remedy: "Write KIND[:ARGUMENT]@step=N or @epoch=N: nan:rank=1@step=300, lr:x100@step=300, flip-labels:rank=1@epoch=2.")
        }
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        guard halves.count == 2 else { throw refuse("it has no single @ that says when the fault begins") }
        let what = halves[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let arguments = what.count == 2 ? what[1].split(separator: ",").map(String.init) : []
        let when = halves[1].split(separator: "=", omittingEmptySubsequences: false)
        guard when.count == 2, let number = Int(when[1]), number >= 1 else {
            throw refuse("\"\(halves[1])\" is not step=N or epoch=N with N from 1")
        }
        switch when[0] {
        case "step": onset = .step(number)
        case "epoch": onset = .epoch(number)
        default: throw refuse("\"\(when[0])\" is neither step nor epoch")
        }
        func rankArgument() throws(UsageError) -> Int {
            guard arguments.count == 1, arguments[0].hasPrefix("rank="), let rank = Int(arguments[0].dropFirst(5)), rank >= 0 else {
                throw refuse("it needs the one argument rank=R")
            }
            return rank
        }
        switch what[0] {
        case "nan":
            guard case .step = onset else { throw refuse("nan begins at a step") }
            kind = .nan(rank: try rankArgument())
        case "lr":
            guard arguments.count == 1, arguments[0].hasPrefix("x"), let factor = Double(arguments[0].dropFirst()), factor.isFinite else {
                throw refuse("lr needs the one argument xFACTOR")
            }
            kind = .learningRate(factor: factor)
        case "flip-labels":
            kind = .flipLabels(rank: try rankArgument())
        default:
            throw refuse("\"\(what[0])\" is not a fault this version knows (nan, lr, flip-labels)")
        }
    }

    /// The rank that the fault strikes; nil strikes all.
    package var rank: Int? {
        switch kind {
        case .nan(let rank), .flipLabels(let rank): rank
        case .learningRate: nil
        }
    }
}
