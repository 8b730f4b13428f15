import Foundation
import TestSupport
import Testing

extension MultiRankTests {
    @Suite struct SeveralHosts {
        /// One rank on each of two hosts, started over ssh, over TCP: the same weights as on one host.
        @Test func trainsOverSSHOnTwoHosts() throws {
            if let missing = TwoHosts.missing { return skip(missing) }
            try Workshop.open { shop in
                let hash = try shop.finish("one-host", np: 2).weights()
                let refusal = try TwoHosts.open(shop.folder) { hosts in
                    let names = try hosts.mpirun(["sh", "-c", "echo $OMPI_COMM_WORLD_RANK on $(hostname)"], deadline: 60)
                    try #require(names.status == 0, "\(names)")
                    #expect(Set(names.lines) == ["0 on node1", "1 on node2"], "\(names)")

                    let result = try hosts.mpirun(shop.train("two-hosts"), deadline: 120)
                    try #require(result.status == 0, "\(result)")
                    let run = shop.directory("two-hosts")
                    #expect(try run.weights() == hash)
                    let facts = try readText(run.path + "/run.json")
                    #expect(facts.contains("node1") && facts.contains("node2"), "\(facts)")

                    // A disagreement names the host.
                    let mixed = try hosts.mpirun(
                        ["sh", "-c", "exec \"$@\" seed=$OMPI_COMM_WORLD_RANK", "sh"] + shop.train("mixed"), deadline: 60)
                    #expect(mixed.status == 2, "\(mixed)")
                    #expect(mixed.everything.contains("rank 1 on node2 has another recipe"), "\(mixed)")
                }
                if let refusal { skip(refusal) }
            }
        }
    }
}
