import Launching
import TestSupport
import Testing

@Suite struct HostfileTests {
    @Test func readsTheWholeGrammar() throws {
        let file = try Hostfile(
            parsing: """
                # comment
                node1 slots=4 max_slots=8   // twice commented
                user@node2 slots = 4
                10.0.0.3 cpu=2 count-max=2
                /* a block
                   nodeX slots=1 */ node4
                fe80::1:2 slots=1
                42 slots=3
                ^node9
                node5 max-slots=3
                node6 user-name=ada slots="2"
                rank 0=node7 slot=0-1
                """)
        #expect(file.hosts.map(\.name) == ["node1", "node2", "10.0.0.3", "node4", "fe80::1:2", "42", "node5", "node6", "node7"])
        #expect(file.hosts.map(\.slots) == [4, 4, 2, nil, 1, 3, 3, 2, 1])
        #expect(file.hosts.map(\.maxSlots) == [8, nil, 2, nil, nil, nil, 3, nil, nil])
        #expect(file.hosts[1].user == "user")
        #expect(file.hosts[7].user == "ada")
        #expect(file.hosts[3].line == 6)
        #expect(file.excluded == ["node9"])
        #expect(file.totalSlots == nil)
    }

    @Test func repeatedHostsAddUp() throws {
        #expect(try Hostfile(parsing: "a\na\na\n").hosts.map(\.slots) == [3])
        #expect(try Hostfile(parsing: "a slots=2\nb\na slots=3 max_slots=4\n").hosts.map(\.slots) == [5, nil])
        #expect(try Hostfile(parsing: "a slots=2\nb slots=1\na").totalSlots == 4)
    }

    @Test(arguments: [
        ("node1 SLOTS=2", "hosts, line 1: 'SLOTS' must be written small: slots"),
        ("\nnode1:3", "hosts, line 2: 'node1:3' is the form of mpirun's -H option; in a hostfile write `node1 slots=3`"),
        ("node1 slots=many", "hosts, line 1: slots needs a whole number, not 'many'"),
        ("node1 slots", "hosts, line 1: slots needs a value, as in slots=4"),
        ("# two on a line\nnode1 node2", "hosts, line 2: 'node2' is more than a host name; one host per line, as in `host slots=4`"),
        ("node1 gpus=2", "hosts, line 1: 'gpus' is not known here; a line is `host slots=4 max_slots=8`"),
        ("node1 slots=4 max_slots=2", "hosts, line 1: node1 has max_slots=2 below slots=4; raise the one or lower the other"),
        ("a@b@c", "hosts, line 1: 'a@b@c' is neither a host nor user@host"),
        ("no(de slots=1", "hosts, line 1: 'no(de' is no host name: '(' cannot stand in one"),
        ("= 4", "hosts, line 1: a line begins with a host name, not with '='"),
        ("a\n/* open", "hosts, line 2: the comment that begins here with /* has no */"),
        ("# nothing\n", "hosts: names no host; write one per line, as in `node1 slots=4`"),
    ])
    func errorsNameTheLine(text: String, message: String) {
        #expect(throws: HostfileError.self) { try Hostfile(parsing: text, file: "hosts") }
        do {
            _ = try Hostfile(parsing: text, file: "hosts")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test func missingFileIsNamed() {
        do {
            _ = try Hostfile(contentsOf: "/no/such/hosts")
            Issue.record("a missing hostfile was read")
        } catch {
            #expect(error.description.contains("/no/such/hosts: cannot be read"))
        }
    }

    @Test func theHostfilesOfTheProjectAreRight() throws {
        let folder = Locations.repositoryRoot + "/hostfiles/"
        let local = try Hostfile(contentsOf: folder + "local.hosts")
        #expect(local.hosts.map(\.name) == ["localhost"])
        let two = try Hostfile(contentsOf: folder + "two-nodes.hosts")
        #expect(two.hosts.map(\.name) == ["node1", "node2"])
        #expect(two.totalSlots == 8)
        let cluster = try Hostfile(contentsOf: folder + "cluster.hosts")
        #expect(cluster.hosts.map(\.name) == ["node01", "node02", "node03", "10.0.0.14", "node05"])
        #expect(cluster.totalSlots == 36)
        #expect(cluster.hosts[2].user == "train")
    }

    /// mpirun itself reads the files too: what it says about the machine it runs on is the proof that ours is the same grammar.
    @Test func mpirunTakesTheLocalHostfile() throws {
        let result = try mpirun(
            np: 1, ["sh", "-c", "echo started $OMPI_COMM_WORLD_SIZE"],
            options: ["--hostfile", Locations.repositoryRoot + "/hostfiles/local.hosts"])
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("started 1"), "\(result)")
    }
}
