import Collectives

/// An error that every rank knows of at the same point, so that all can leave in order; `speaker` writes it, the others are silent.
package struct AgreedFailure: Error {
    package let underlying: any Error
    package let speaker: Int

    package init(_ underlying: any Error, speaker: Int = 0) {
        self.underlying = underlying
        self.speaker = speaker
    }
}
