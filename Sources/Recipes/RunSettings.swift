/// How the work is divided among ranks.
package struct ParallelSettings: Sendable, Equatable {
    /// What ranks of one node share.
    package enum Sharing: String, Sendable, Equatable, CaseIterable { case node }
    /// The type in which gradients travel.
    package enum Wire: String, Sendable, Equatable, CaseIterable { case fp32 }
    /// How gradients are added: in the fixed tree over virtual shards, or by `MPI_Allreduce` in an order of its own.
    package enum Exchange: String, Sendable, Equatable, CaseIterable { case tree, allreduce }

    /// Into how many parts a batch is cut; nil for the number of ranks at the first start.
    package var virtualShards: Int?
    package var share: Sharing
    package var wire: Wire
    /// How many bytes of gradient are exchanged at a time; nil lets the exchange choose.
    package var bucketBytes: Int?
    package var exchange: Exchange

    package init(
        virtualShards: Int? = nil, share: Sharing = .node, wire: Wire = .fp32, bucketBytes: Int? = nil, exchange: Exchange = .tree
    ) {
        self.virtualShards = virtualShards
        self.share = share
        self.wire = wire
        self.bucketBytes = bucketBytes
        self.exchange = exchange
    }
}

/// What is saved while a run goes on.
package struct CheckpointSettings: Sendable, Equatable {
    /// Steps between checkpoints; 0 saves only at the end and on signals.
    package var everySteps: Int
    /// Good checkpoints kept, besides the newest and the best.
    package var keep: Int

    package init(everySteps: Int = 500, keep: Int = 3) {
        self.everySteps = everySteps
        self.keep = keep
    }
}

/// What a run tells.
package struct LogSettings: Sendable, Equatable {
    package enum Progress: String, Sendable, Equatable, CaseIterable { case auto, bar, plain, none }

    /// Steps between lines of metrics.jsonl.
    package var everySteps: Int
    package var tensorboard: Bool
    package var progress: Progress

    package init(everySteps: Int = 1, tensorboard: Bool = true, progress: Progress = .auto) {
        self.everySteps = everySteps
        self.tensorboard = tensorboard
        self.progress = progress
    }
}
