/// One step, as the step thread hands it to the log: numbers only, so that handing over copies bytes and nothing else.
package struct StepRecord: BitwiseCopyable, Sendable, Equatable {
    /// From 1; a skipped step counts.
    package var step: Int
    /// Absolute id of the batch, from 0.
    package var batch: Int
    /// From 1.
    package var epoch: Int
    package var generation: Int
    /// Samples of the global batch.
    package var samples: Int
    /// Σ loss / Σ samples over all ranks, before the update.
    package var loss: Double
    /// Share of the batch predicted rightly; ``absent`` where the task has none.
    package var accuracy: Double
    /// The rate of this step, all factors included.
    package var learningRate: Double
    /// Norm of the mean gradient, before clipping.
    package var gradNorm: Double
    /// Of all ranks together.
    package var samplesPerSecond: Double
    /// 0 where samples are not made of tokens.
    package var tokensPerSample: Int
    /// Milliseconds of rank 0: the whole step, waiting for others, waiting for data, computing.
    package var stepMilliseconds: Double
    package var waitMilliseconds: Double
    package var dataMilliseconds: Double
    package var computeMilliseconds: Double
    /// What clipping multiplied the gradient by; 1 for nothing.
    package var clipFactor: Double
    /// The vote skipped the update.
    package var skipped: Bool
    /// Seconds since 1970; the log sets it.
    var time: Double = 0

    /// Stands for "this task has no such figure"; such fields are left out of the line.
    package static let absent = -Double.greatestFiniteMagnitude

    package init(
        step: Int, batch: Int, epoch: Int, generation: Int, samples: Int, loss: Double, accuracy: Double = StepRecord.absent,
        learningRate: Double, gradNorm: Double, samplesPerSecond: Double, tokensPerSample: Int = 0, stepMilliseconds: Double,
        waitMilliseconds: Double, dataMilliseconds: Double, computeMilliseconds: Double, clipFactor: Double = 1, skipped: Bool = false
    ) {
        self.step = step
        self.batch = batch
        self.epoch = epoch
        self.generation = generation
        self.samples = samples
        self.loss = loss
        self.accuracy = accuracy
        self.learningRate = learningRate
        self.gradNorm = gradNorm
        self.samplesPerSecond = samplesPerSecond
        self.tokensPerSample = tokensPerSample
        self.stepMilliseconds = stepMilliseconds
        self.waitMilliseconds = waitMilliseconds
        self.dataMilliseconds = dataMilliseconds
        self.computeMilliseconds = computeMilliseconds
        self.clipFactor = clipFactor
        self.skipped = skipped
    }
}
