import Foundation
import TestSupport

/// Two hosts on one machine: network namespaces joined by a cable, each with a host name of its own, sshd on the second.
///
/// They share the file system, which stands for the shared disk of a cluster. Needs root, `ip` and `sshd`; everything made here is taken
/// down again, also after a failure.
struct TwoHosts {
    private let folder: String
    private let first: String
    private let second: String
    private let subnet: String

    /// What is missing to make them here; nil where nothing is.
    static var missing: String? {
        if geteuid() != 0 { return "network namespaces need root" }
        for program in ["ip", "sshd", "ssh", "ssh-keygen", "unshare"] where Locations.program(program) == nil {
            return "\(program) is not installed"
        }
        return nil
    }

    var hostfile: String { folder + "/hosts" }

    /// Makes the hosts, calls `body`, and takes them down. Calls nothing and returns why where the kernel does not let us.
    static func open(_ folder: String, _ body: (TwoHosts) throws -> Void) throws -> String? {
        let id = getpid()
        let hosts = TwoHosts(
            folder: folder, first: "ls\(id)a", second: "ls\(id)b", subnet: "10.\(100 + Int(id) % 100).\(Int(id) / 100 % 250)")
        defer {
            // The cable goes with its namespaces.
            _ = try? runProcess(["ip", "netns", "delete", hosts.first])
            _ = try? runProcess(["ip", "netns", "delete", hosts.second])
        }
        if let refusal = try hosts.makeNetwork() { return refusal }
        let server = try hosts.startServer()
        defer {
            server.send(SIGTERM)
            _ = server.wait(deadline: 5)
        }
        guard server.waitUntil(deadline: 10, { server.everythingSoFar.contains("Server listening") }) else {
            throw TestSupportError("sshd did not start: \(server.everythingSoFar)")
        }
        try body(hosts)
        return nil
    }

    /// mpirun on the first host, one rank on each.
    func mpirun(_ command: [String], deadline: Double) throws -> ProcessResult {
        let line = [
            "mpirun", "--hostfile", hostfile, "-np", "2", "--map-by", "node", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1",
            "--mca", "plm_rsh_agent", "ssh -F \(folder)/ssh_config", "--mca", "pml", "ob1", "--mca", "btl", "tcp,self",
        ]
        return try runProcess(inside(first, name: "node1", line + command), environment: rootEnvironment, deadline: deadline)
    }

    private func inside(_ namespace: String, name: String, _ command: [String]) -> [String] {
        ["ip", "netns", "exec", namespace, "unshare", "--uts", "sh", "-c", "hostname \(name); exec \"$@\"", "sh"] + command
    }

    private func makeNetwork() throws -> String? {
        let steps = [
            ["netns", "add", first], ["netns", "add", second],
            ["link", "add", "cable", "netns", first, "type", "veth", "peer", "name", "cable", "netns", second],
            ["-n", first, "addr", "add", "\(subnet).1/24", "dev", "cable"],
            ["-n", second, "addr", "add", "\(subnet).2/24", "dev", "cable"],
            ["-n", first, "link", "set", "lo", "up"], ["-n", second, "link", "set", "lo", "up"],
            ["-n", first, "link", "set", "cable", "up"], ["-n", second, "link", "set", "cable", "up"],
        ]
        for step in steps {
            let result = try runProcess(["ip"] + step)
            if result.status != 0 { return "the kernel refuses `ip \(step.joined(separator: " "))`: \(result.errorOutput)" }
        }
        return nil
    }

    private func startServer() throws -> RunningProcess {
        for key in ["host_key", "user_key"] {
            let result = try runProcess(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(key)"])
            guard result.status == 0 else { throw TestSupportError("ssh-keygen: \(result)") }
        }
        try writeText(
            """
            Port 2222
            ListenAddress \(subnet).2
            HostKey \(folder)/host_key
            AuthorizedKeysFile \(folder)/user_key.pub
            PermitRootLogin yes
            StrictModes no
            UsePAM no
            PidFile \(folder)/sshd.pid

            """, to: folder + "/sshd_config")
        try writeText(
            """
            Host *
              Port 2222
              IdentityFile \(folder)/user_key
              StrictHostKeyChecking no
              UserKnownHostsFile /dev/null
              LogLevel ERROR
              BatchMode yes

            """, to: folder + "/ssh_config")
        try writeText("\(subnet).1 slots=1\n\(subnet).2 slots=1\n", to: hostfile)
        // sshd refuses to work without its empty folder, which the system makes only when it starts sshd itself.
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        let program = Locations.program("sshd") ?? "sshd"
        return try startProcess(inside(second, name: "node2", [program, "-D", "-e", "-f", folder + "/sshd_config"]))
    }
}
