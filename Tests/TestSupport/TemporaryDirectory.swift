import Foundation

/// Calls `body` with the path of a new empty folder and removes it afterwards, also after a failure.
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array((NSTemporaryDirectory() + "/lockstep-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
        throw TestSupportError("no temporary folder in \(NSTemporaryDirectory()): \(String(cString: strerror(errno)))")
    }
    let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// The bytes of a file of this folder as text; throws a message with the path where it cannot be read.
package func readText(_ path: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path) else { throw TestSupportError("\(path) cannot be read") }
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes a text file, folders above it included.
package func writeText(_ text: String, to path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
        throw TestSupportError("\(path) cannot be written")
    }
}
