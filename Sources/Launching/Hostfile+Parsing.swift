#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Hostfile {
    /// Reads a hostfile.
    package init(contentsOf path: String) throws(HostfileError) {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw HostfileError(file: path, line: 0, text: "cannot be read (does it exist, and may you read it?)")
        }
        try self.init(parsing: String(decoding: bytes, as: UTF8.self), file: path)
    }

    /// Reads a hostfile's text; `file` names it in errors.
    package init(parsing text: String, file: String = "hostfile") throws(HostfileError) {
        var parser = HostfileParser(file: file)
        for (index, line) in try withoutComments(text, file: file).enumerated() {
            parser.line = index + 1
            try parser.read(line)
        }
        self.init(hosts: parser.hosts, excluded: parser.excluded)
        guard !hosts.isEmpty else {
            throw HostfileError(file: file, line: 0, text: "names no host; write one per line, as in `node1 slots=4`")
        }
    }
}

/// The lines of `text` with comments of all three kinds taken out; line numbers stay as they were.
private func withoutComments(_ text: String, file: String) throws(HostfileError) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    var blockStart: Int?
    let bytes = Array(text.utf8)
    var at = 0
    func starts(_ a: Character, _ b: Character) -> Bool {
        at + 1 < bytes.count && bytes[at] == a.asciiValue && bytes[at + 1] == b.asciiValue
    }
    while at < bytes.count {
        let byte = bytes[at]
        if byte == UInt8(ascii: "\n") {
            lines.append([])
            at += 1
        } else if blockStart != nil {
            if starts("*", "/") {
                blockStart = nil
                at += 2
            } else {
                at += 1
            }
        } else if byte == UInt8(ascii: "#") || starts("/", "/") {
            while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
        } else if starts("/", "*") {
            blockStart = lines.count
            at += 2
        } else {
            lines[lines.count - 1].append(byte)
            at += 1
        }
    }
    if let blockStart { throw HostfileError(file: file, line: blockStart, text: "the comment that begins here with /* has no */") }
    return lines
}

/// One pass over the lines, hosts gathered as they come.
private struct HostfileParser {
    let file: String
    var line = 0
    var hosts: [Hostfile.Host] = []
    var excluded: [String] = []

    init(file: String) { self.file = file }

    mutating func read(_ bytes: [UInt8]) throws(HostfileError) {
        var words = split(bytes)
        guard !words.isEmpty else { return }
        let first = words.removeFirst()
        guard first != "=" else { throw wrong("a line begins with a host name, not with '='") }
        if first == "rank" {
            // A line of a rankfile, `rank 0=node1 slot=0-3`: for the allocation it is one slot on that host.
            guard words.count >= 3, words[1] == "=" else { throw wrong("`rank` is written as in `rank 0=node1 slot=0-3`") }
            let (user, name) = try hostName(words[2])
            add(name, user: user, slots: 1, maxSlots: nil)
            return
        }
        let (user, name) = try hostName(first)
        if name.hasPrefix("^") {
            excluded.append(String(name.dropFirst()))
            return
        }
        var login = user
        var slots: Int?
        var maxSlots: Int?
        while !words.isEmpty {
            let key = words.removeFirst()
            guard words.count >= 2, words[0] == "=" else { throw wrong(explain(key, nextIsEqual: words.first == "=")) }
            let value = words[1]
            words.removeFirst(2)
            switch key {
            case "slots", "slot", "cpu", "count":
                slots = (slots ?? 0) + (try number(value, key))
            case "slots-max", "slots_max", "max-slots", "max_slots", "cpu-max", "cpu_max", "max-cpu", "max_cpu", "count-max", "count_max",
                "max-count", "max_count":
                maxSlots = try number(value, key)
            case "username", "user-name", "user_name":
                login = value
            case "boards", "sockets", "sockets_per_board", "sockets-per-board", "cores", "cores_per_socket", "cores-per-socket":
                _ = try number(value, key)
            case "cpu_set", "cpu-set":
                break
            default:
                throw wrong(explain(key, nextIsEqual: true))
            }
        }
        if let slots, let maxSlots, maxSlots < slots {
            throw wrong("\(name) has max_slots=\(maxSlots) below slots=\(slots); raise the one or lower the other")
        }
        add(name, user: login, slots: slots ?? maxSlots, maxSlots: maxSlots)
    }

    /// Repeated hosts: their slots add up, a line without slots counting one (which makes a PBS node file a hostfile).
    private mutating func add(_ name: String, user: String?, slots: Int?, maxSlots: Int?) {
        guard let index = hosts.firstIndex(where: { $0.name == name }) else {
            hosts.append(Hostfile.Host(name: name, user: user, slots: slots, maxSlots: maxSlots, line: line))
            return
        }
        hosts[index].slots = (hosts[index].slots ?? 1) + (slots ?? 1)
        if let user { hosts[index].user = user }
        if let maxSlots { hosts[index].maxSlots = maxSlots }
        if let most = hosts[index].maxSlots, let sum = hosts[index].slots { hosts[index].maxSlots = max(most, sum) }
    }

    private func hostName(_ word: String) throws(HostfileError) -> (user: String?, name: String) {
        let parts = word.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else { throw wrong("'\(word)' is neither a host nor user@host") }
        let name = parts[parts.count - 1]
        let colons = name.count { $0 == ":" }
        if colons == 1 {
            let pair = name.split(separator: ":", omittingEmptySubsequences: false)
            throw wrong("'\(name)' is the form of mpirun's -H option; in a hostfile write `\(pair[0]) slots=\(pair[1])`")
        }
        for character in name.utf8 {
            let good =
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "+"): true
                case UInt8(ascii: ":"): colons > 1
                default: false
                }
            guard good else {
                throw wrong("'\(name)' is no host name: '\(Character(UnicodeScalar(character)))' cannot stand in one")
            }
        }
        return (parts.count == 2 ? parts[0] : nil, name)
    }

    private func number(_ word: String, _ key: String) throws(HostfileError) -> Int {
        guard let value = Int(word), value >= 0 else { throw wrong("\(key) needs a whole number, not '\(word)'") }
        return value
    }

    private func explain(_ key: String, nextIsEqual: Bool) -> String {
        let known = ["slots", "max_slots"]
        if let match = known.first(where: { $0 == key.lowercased() }), match != key {
            return "'\(key)' must be written small: \(match)"
        }
        if known.contains(key) { return "\(key) needs a value, as in \(key)=4" }
        return nextIsEqual
            ? "'\(key)' is not known here; a line is `host slots=4 max_slots=8`"
            : "'\(key)' is more than a host name; one host per line, as in `host slots=4`"
    }

    private func wrong(_ text: String) -> HostfileError {
        HostfileError(file: file, line: line, text: text)
    }

    /// Words separated by white space, '=' being a word of its own and "…" one word without its quotes.
    private func split(_ bytes: [UInt8]) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var quoted = false
        func flush() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""):
                quoted.toggle()
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0b, 0x0c:
                if quoted { word.append(byte) } else { flush() }
            case UInt8(ascii: "=") where !quoted:
                flush()
                words.append("=")
            default:
                word.append(byte)
            }
        }
        flush()
        return words
    }
}
