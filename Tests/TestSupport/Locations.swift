import Foundation

/// Where tests find things. Nothing here is written down as an absolute path: all is relative to this file or to the test bundle.
package enum Locations {
    /// The checkout.
    package static let repositoryRoot: String = {
        // A private build may see the sources through a link; the real path leads back to the checkout.
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    }()

    /// Where the build put its products: the folder of the running test bundle, `.build/<triple>/<configuration>`.
    package static let productDirectory: String = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: executable).deletingLastPathComponent().path
    }()

    /// An executable of this build, by its name.
    package static func product(_ name: String) throws -> String {
        let path = productDirectory + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestSupportError("\(path) is not there: run `swift build --build-tests` in the same configuration first")
        }
        return path
    }

    /// The built command: the one LOCKSTEP_BINARY names, else the one beside the test bundle.
    package static func lockstep() throws -> String {
        if let path = ProcessInfo.processInfo.environment["LOCKSTEP_BINARY"] {
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw TestSupportError("LOCKSTEP_BINARY names \(path), which is no executable file")
            }
            return path
        }
        return try product("lockstep")
    }

    /// A file or folder of the project's shared data (`../shared` beside the checkout, or LOCKSTEP_SHARED); nil where it is absent.
    package static func shared(_ relative: String) -> String? {
        let base = ProcessInfo.processInfo.environment["LOCKSTEP_SHARED"] ?? repositoryRoot + "/../shared"
        let path = URL(fileURLWithPath: base + "/" + relative).standardized.path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// Python with numpy, PyTorch, safetensors and TensorBoard: LOCKSTEP_PEERS/bin/python or the default place of `peers/setup`.
    package static let peersPython: String? = {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["LOCKSTEP_PEERS"] ?? environment["HOME"].map { $0 + "/.cache/lockstep-peers" }
        guard let base else { return nil }
        return [base + "/bin/python", base + "/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// A program in PATH, or in the system folders that a plain user's PATH lacks.
    package static func program(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// Says why a test does nothing here. Use as `guard let data = Locations.shared("data/mnist") else { return skip("…") }`.
package func skip(_ reason: String, test: String = #function) {
    print("skipped: \(test): \(reason)")
}
