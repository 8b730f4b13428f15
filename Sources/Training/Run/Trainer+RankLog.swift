import Collectives
import Foundation
import Logging

extension Trainer {
    /// This rank's log in the run directory, whose place rank 0 tells the others. Collective.
    static func rankLogger(_ directory: RunDirectory?, on group: any CollectiveGroup) throws(CollectiveError) -> Logger {
        let logs = try group.broadcastBytes(Array((directory?.logsPath ?? "").utf8), from: 0)
        return RankLog.logger(rank: group.rank, host: group.hostName, logs: String(decoding: logs, as: UTF8.self))
    }

    /// What a reader of the log wants to know first.
    func logStart(options: TrainingOptions) {
        let shards = engine.map.shards(of: group.rank)
        logger.info("\(options.arguments.joined(separator: " "))")
        logger.info(
            "pid \(ProcessInfo.processInfo.processIdentifier), \(group.name), rank \(group.rank) of \(group.size), \(instructionSet.name), shards \(shards) of \(engine.map.shards), \(engine.plannedBytes) bytes planned"
        )
        logger.info(
            "\(data.train.count) training samples, \(engine.layout.trainableCount) parameters, \(engine.exchange.bytesPerStep) bytes sent per step"
        )
    }
}
