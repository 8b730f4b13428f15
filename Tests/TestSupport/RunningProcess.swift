import Foundation

/// A child process with captured output, its own process group and a way to its end that never hangs the test.
///
/// `wait(deadline:)` is the watchdog: past the deadline the process, its group and all its descendants are ended.
package final class RunningProcess: @unchecked Sendable {
    package let pid: pid_t
    package let commandLine: String

    // Written by the drain threads and read by the tests, always under `lock`.
    private let lock = NSCondition()
    private var output = Data()
    private var errorOutput = Data()
    private var openPipes = 2

    private let started = DispatchTime.now()
    private var release: (@Sendable () -> Void)?
    private var result: ProcessResult?

    /// - Parameter release: called once when the process has ended, or when nobody holds it any more.
    init(pid: pid_t, commandLine: String, output: Int32, errorOutput: Int32, release: (@Sendable () -> Void)?) {
        self.pid = pid
        self.commandLine = commandLine
        self.release = release
        drain(output) { $0.output.append($1) }
        drain(errorOutput) { $0.errorOutput.append($1) }
    }

    deinit {
        if result == nil {
            endTree(grace: 0)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        release?()
    }

    /// What has come out so far on stdout and stderr together.
    package var everythingSoFar: String {
        lock.lock()
        defer { lock.unlock() }
        return String(decoding: output, as: UTF8.self) + String(decoding: errorOutput, as: UTF8.self)
    }

    /// Waits until `condition` holds, the process ends, or the deadline (seconds from now) passes; whether it held.
    package func waitUntil(deadline: Double, _ condition: () -> Bool) -> Bool {
        let end = Date().addingTimeInterval(deadline)
        while Date() < end {
            if condition() { return true }
            if !isAlive(pid) { return condition() }
            usleep(10_000)
        }
        return condition()
    }

    /// Waits until `text` has been written, at most `deadline` seconds; whether it was.
    package func waitForOutput(_ text: String, deadline: Double) -> Bool {
        waitUntil(deadline: deadline) { everythingSoFar.contains(text) }
    }

    package func send(_ signal: Int32) {
        kill(pid, signal)
    }

    /// Waits for the end. Past `deadline` seconds from now everything is ended (TERM, after 3 s KILL) and `timedOut` is set.
    package func wait(deadline: Double) -> ProcessResult {
        if let result { return result }
        let end = Date().addingTimeInterval(deadline)
        var status: Int32 = 0
        var timedOut = false
        while true {
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid || (ended < 0 && errno != EINTR) { break }
            if Date() > end {
                timedOut = true
                endTree(grace: 3)
                waitpid(pid, &status, 0)
                break
            }
            usleep(5_000)
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - started.uptimeNanoseconds) / 1e9
        // Grandchildren may hold the pipes a little longer than the child lives, but not for ever.
        lock.lock()
        let drainEnd = Date().addingTimeInterval(2)
        while openPipes > 0, lock.wait(until: drainEnd) {}
        let signal = status & 0x7f
        let final = ProcessResult(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, signal: signal == 0 ? nil : signal,
            output: String(decoding: output, as: UTF8.self), errorOutput: String(decoding: errorOutput, as: UTF8.self),
            timedOut: timedOut, seconds: seconds, commandLine: commandLine)
        lock.unlock()
        result = final
        release?()
        release = nil
        return final
    }

    private func endTree(grace: Double) {
        let tree = descendants(of: pid)
        if grace > 0 {
            kill(pid, SIGTERM)
            let end = Date().addingTimeInterval(grace)
            while Date() < end, isAlive(pid) || tree.contains(where: isAlive) { usleep(20_000) }
        }
        kill(-pid, SIGKILL)
        kill(pid, SIGKILL)
        for child in tree where isAlive(child) { kill(child, SIGKILL) }
    }

    private func drain(_ descriptor: Int32, _ store: @escaping @Sendable (RunningProcess, Data) -> Void) {
        // The thread holds no strong reference, so that a forgotten process is ended by `deinit`.
        Thread.detachNewThread { [weak self] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0, let self else { break }
                self.lock.lock()
                store(self, Data(buffer[..<count]))
                self.lock.unlock()
            }
            close(descriptor)
            guard let self else { return }
            self.lock.lock()
            self.openPipes -= 1
            self.lock.broadcast()
            self.lock.unlock()
        }
    }
}
