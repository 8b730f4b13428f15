import Foundation

/// Whether a process exists and has not ended (a zombie has).
package func isAlive(_ pid: pid_t) -> Bool {
    guard let fields = statFields(of: pid) else { return false }
    return fields.state != "Z" && fields.state != "X"
}

/// All processes below `pid`, parents before children.
package func descendants(of pid: pid_t) -> [pid_t] {
    var children: [pid_t: [pid_t]] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
        guard let id = pid_t(name), let fields = statFields(of: id) else { continue }
        children[fields.parent, default: []].append(id)
    }
    var result: [pid_t] = []
    var queue = [pid]
    while !queue.isEmpty {
        let next = (children[queue.removeFirst()] ?? []).sorted()
        result += next
        queue += next
    }
    return result
}

/// The value of an environment variable of a running process; nil where it has none or the process is gone.
package func environmentValue(_ name: String, of pid: pid_t) -> String? {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return nil }
    for entry in bytes.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix(name + "=") { return String(text.dropFirst(name.count + 1)) }
    }
    return nil
}

/// State letter and parent out of /proc/PID/stat, whose second field may hold spaces and brackets.
private func statFields(of pid: pid_t) -> (state: Substring, parent: pid_t)? {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 1, let parent = pid_t(fields[1]) else { return nil }
    return (fields[0], parent)
}

/// Whether all of these processes end within `seconds`: mpirun is back before the kernel has taken the last of its children away.
package func areGone(_ pids: [pid_t], within seconds: Double) -> Bool {
    let patience = ContinuousClock.now + .seconds(seconds)
    while pids.contains(where: isAlive) {
        if ContinuousClock.now >= patience { return false }
        usleep(20_000)
    }
    return true
}
