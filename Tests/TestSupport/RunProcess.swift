import Foundation

private let spawning = NSLock()

/// Starts a program (looked up in PATH where the name has no slash) in a process group of its own, stdin from /dev/null.
///
/// - Parameters:
///   - environment: added to this process's environment; a nil value removes the variable. What a surrounding mpirun or srun left
///     there (OMPI_…, PMIX_…, PMI_…, SLURM_…) is removed first.
///   - release: called once when the process has ended.
package func startProcess(
    _ command: [String], environment: [String: String?] = [:], workingDirectory: String? = nil, release: (@Sendable () -> Void)? = nil
) throws -> RunningProcess {
    precondition(!command.isEmpty, "startProcess needs a program")
    var variables = ProcessInfo.processInfo.environment.filter { name, _ in
        !["OMPI_", "PMIX_", "PMI_", "SLURM_"].contains { name.hasPrefix($0) }
    }
    for (name, value) in environment { variables[name] = value }

    // One start at a time: between `pipe` and the close-on-exec flag another child would inherit the ends and hold them open.
    spawning.lock()
    defer { spawning.unlock() }
    var out: [Int32] = [0, 0]
    var err: [Int32] = [0, 0]
    guard pipe(&out) == 0, pipe(&err) == 0 else {
        release?()
        throw TestSupportError("no pipe for \(command[0]): \(String(cString: strerror(errno)))")
    }
    for descriptor in out + err { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, out[1], 1)
    posix_spawn_file_actions_adddup2(&actions, err[1], 2)

    // A test runner may have signals blocked or ignored; the child starts as from a shell.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGHUP, SIGQUIT] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)

    // `env -C` because Swift does not see glibc's posix_spawn_file_actions_addchdir_np.
    let line = (workingDirectory.map { ["env", "-C", $0] } ?? []) + command
    var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
    var environmentBlock: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
        for pointer in arguments { free(pointer) }
        for pointer in environmentBlock { free(pointer) }
    }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, line[0], &actions, &attributes, &arguments, &environmentBlock)
    close(out[1])
    close(err[1])
    guard status == 0 else {
        close(out[0])
        close(err[0])
        release?()
        throw TestSupportError("\(command[0]) did not start: \(String(cString: strerror(status)))")
    }
    return RunningProcess(
        pid: pid, commandLine: command.joined(separator: " "), output: out[0], errorOutput: err[0], release: release)
}

/// Runs a program to its end, at most `deadline` seconds, and returns what it wrote. Blocks the calling thread.
package func runProcess(
    _ command: [String], environment: [String: String?] = [:], workingDirectory: String? = nil, deadline: Double = 60
) throws -> ProcessResult {
    try startProcess(command, environment: environment, workingDirectory: workingDirectory).wait(deadline: deadline)
}
