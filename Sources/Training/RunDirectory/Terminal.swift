import Checkpoints
import Foundation

/// Where progress is shown: how wide it is, and how to write there. A value, so that tests can look at what would be shown.
package struct Terminal: Sendable {
    /// Columns now; 0 where nobody looks (a file, a pipe, mpirun's own pseudo-terminal).
    package var columns: @Sendable () -> Int
    package var write: @Sendable (String) -> Void
    /// Whether the terminal understands "erase this line".
    package var isCapable: Bool
    package var colour: Bool

    package init(columns: @escaping @Sendable () -> Int, isCapable: Bool, colour: Bool, write: @escaping @Sendable (String) -> Void) {
        self.columns = columns
        self.isCapable = isCapable
        self.colour = colour
        self.write = write
    }

    /// This process's standard output.
    ///
    /// Under Open MPI every rank's stdout is a pseudo-terminal, so `isatty` says nothing: one without a real terminal behind it has 0 columns.
    /// For a rank on another machine LOCKSTEP_COLUMNS can tell the width. NO_COLOR, CLICOLOR=0 and FORCE_COLOR are honoured.
    package static var standardOutput: Terminal {
        let environment = ProcessInfo.processInfo.environment
        let stated = environment["LOCKSTEP_COLUMNS"].flatMap { Int($0) }
        let term = environment["TERM"] ?? ""
        let isCapable = !term.isEmpty && term != "dumb"
        let columns: @Sendable () -> Int = { stated ?? windowColumns(of: STDOUT_FILENO) }
        return Terminal(
            columns: columns, isCapable: isCapable, colour: wantsColour(environment, isLive: isCapable && columns() > 0)
        ) { text in
            // Not through stdio: the line has to be out at once, and a full pipe must not abort a training.
            _ = writeAll(STDOUT_FILENO, Array(text.utf8))
        }
    }

    /// What the environment says of colours; `isLive` where it says nothing.
    package static func wantsColour(_ environment: [String: String], isLive: Bool) -> Bool {
        if let value = environment["NO_COLOR"], !value.isEmpty { return false }
        if let value = environment["FORCE_COLOR"], !value.isEmpty { return value != "0" }
        if environment["CLICOLOR"] == "0" { return false }
        return isLive
    }
}

private func windowColumns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return 0 }
    return Int(size.ws_col)
}
