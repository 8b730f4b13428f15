import Checkpoints
import Formats
import Foundation

/// run.json: what was started, where and with what, and how it ended. A run that was resumed keeps its earlier sessions.
package struct RunFacts: Sendable, Equatable {
    /// A session that ended, or died, before this one.
    package struct Session: Sendable, Equatable {
        package var started: String
        package var ended: String?
        package var exitReason: String?
        package var exitCode: Int?
        package var resumedFromStep: Int?
        package var ranks: Int
        package var instructionSet: String
    }

    package struct Version: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var name: String
    package var recipeName: String
    package var recipeHash: String
    package var arguments: [String]
    /// The machine of each rank, in rank order.
    package var hosts: [String]
    package var ranks: Int
    package var virtualShards: Int
    package var instructionSet: String
    package var seed: UInt64
    package var versions: [Version]
    /// UTC, ISO 8601.
    package var started: String
    /// nil while it runs, and for ever if it was killed.
    package var ended: String?
    package var exitReason: String?
    package var exitCode: Int?
    /// The checkpoint this session began with; nil for a run from the start.
    package var resumedFromStep: Int?
    package var previousSessions: [Session]

    /// - Parameter previous: run.json of a run that is resumed; its sessions are kept.
    package init(
        name: String, recipeName: String, recipeHash: String, arguments: [String], hosts: [String], virtualShards: Int,
        instructionSet: String, seed: UInt64, versions: [Version], resumedFromStep: Int? = nil, previous: RunFacts? = nil,
        started: String = RunFacts.now()
    ) {
        self.name = name
        self.recipeName = recipeName
        self.recipeHash = recipeHash
        self.arguments = arguments
        self.hosts = hosts
        self.ranks = hosts.count
        self.virtualShards = virtualShards
        self.instructionSet = instructionSet
        self.seed = seed
        self.versions = versions
        self.started = started
        self.resumedFromStep = resumedFromStep
        previousSessions = previous.map { $0.previousSessions + [$0.session] } ?? []
    }

    private var session: Session {
        Session(
            started: started, ended: ended, exitReason: exitReason, exitCode: exitCode, resumedFromStep: resumedFromStep, ranks: ranks,
            instructionSet: instructionSet)
    }

    /// The time of now as run.json has it.
    package static func now() -> String { timestamp(Date()) }

    /// Sets how and when it ended.
    package mutating func end(reason: String, exitCode: Int) {
        ended = RunFacts.now()
        exitReason = reason
        self.exitCode = exitCode
    }
}

extension RunFacts {
    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "recipe": .string(recipeName), "recipe_hash": .string(recipeHash),
            "arguments": .array(arguments.map { .string($0) }), "hosts": .array(hosts.map { .string($0) }), "ranks": .integer(ranks),
            "virtual_shards": .integer(virtualShards), "instruction_set": .string(instructionSet),
            // A seed may use all 64 bits, more than most readers' numbers hold.
            "seed": Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)),
            "versions": .object(JSONObject(versions.map { JSONObject.Member(key: $0.name, value: .string($0.value)) })),
        ]
        object["started"] = .string(started)
        object["ended"] = ended.map { .string($0) } ?? .null
        object["exit_reason"] = exitReason.map { .string($0) } ?? .null
        object["exit_code"] = exitCode.map { .integer($0) } ?? .null
        object["resumed_from_step"] = resumedFromStep.map { .integer($0) } ?? .null
        object["previous_sessions"] = .array(previousSessions.map { $0.json })
        return .object(object)
    }

    package init?(json: JSONValue) {
        guard let started = json["started"]?.stringValue, let hosts = json["hosts"]?.arrayValue else { return nil }
        name = json["name"]?.stringValue ?? ""
        recipeName = json["recipe"]?.stringValue ?? ""
        recipeHash = json["recipe_hash"]?.stringValue ?? ""
        arguments = json["arguments"]?.arrayValue?.compactMap { $0.stringValue } ?? []
        self.hosts = hosts.compactMap { $0.stringValue }
        ranks = json["ranks"]?.intValue ?? hosts.count
        virtualShards = json["virtual_shards"]?.intValue ?? ranks
        instructionSet = json["instruction_set"]?.stringValue ?? ""
        seed = json["seed"]?.intValue.map { UInt64(clamping: $0) } ?? json["seed"]?.stringValue.flatMap { UInt64($0) } ?? 0
        versions = (json["versions"]?.objectValue?.members ?? []).map { Version($0.key, $0.value.stringValue ?? "") }
        self.started = started
        ended = json["ended"]?.stringValue
        exitReason = json["exit_reason"]?.stringValue
        exitCode = json["exit_code"]?.intValue
        resumedFromStep = json["resumed_from_step"]?.intValue
        previousSessions = (json["previous_sessions"]?.arrayValue ?? []).compactMap { Session(json: $0) }
    }
}

extension RunFacts.Session {
    fileprivate var json: JSONValue {
        [
            "started": .string(started), "ended": ended.map { .string($0) } ?? .null,
            "exit_reason": exitReason.map { .string($0) } ?? .null, "exit_code": exitCode.map { .integer($0) } ?? .null,
            "resumed_from_step": resumedFromStep.map { .integer($0) } ?? .null, "ranks": .integer(ranks),
            "instruction_set": .string(instructionSet),
        ]
    }

    fileprivate init?(json: JSONValue) {
        guard let started = json["started"]?.stringValue else { return nil }
        self.init(
            started: started, ended: json["ended"]?.stringValue, exitReason: json["exit_reason"]?.stringValue,
            exitCode: json["exit_code"]?.intValue, resumedFromStep: json["resumed_from_step"]?.intValue,
            ranks: json["ranks"]?.intValue ?? 1, instructionSet: json["instruction_set"]?.stringValue ?? "")
    }
}
