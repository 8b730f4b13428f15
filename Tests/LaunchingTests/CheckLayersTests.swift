import Foundation
import TestSupport
import Testing

/// `cluster/check-layers` holds the table of layers; here that it really fails, and on what.
@Suite struct CheckLayersTests {
    private func check(_ files: [String: String]) throws -> ProcessResult {
        try withTemporaryDirectory { folder in
            for (path, text) in files { try writeText(text, to: "\(folder)/Sources/\(path)") }
            return try runProcess([Locations.repositoryRoot + "/cluster/check-layers", folder + "/Sources"])
        }
    }

    @Test func theProjectHoldsIt() throws {
        let result = try runProcess([Locations.repositoryRoot + "/cluster/check-layers"])
        #expect(result.status == 0, "\(result)")
    }

    @Test func importsOfTheRowAndOfTheRowsBelowPass() throws {
        let result = try check([
            "Kernels/a.swift": "import CKernels\nimport Glibc\n",
            "Training/a.swift":
                "import Recipes\nimport Kernels\npackage import TensorCore\nimport Inference\nimport Foundation\nimport Crypto\n",
            "LockstepCommand/a.swift": "@preconcurrency import ArgumentParser\nimport struct Quality.Vote\n",
        ])
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("3 targets, 10 imports"), "\(result)")
    }

    @Test(arguments: [
        ("Graphs", "import Formats", "Graphs may not import Formats; it may import:"),
        ("Graphs", "import CKernels", "Graphs may not import CKernels"),
        ("Training", "import MessagePassing", "Training may not import MessagePassing"),
        ("Training", "import COpenMPI", "Training may not import COpenMPI"),
        ("Quality", "import Formats", "Quality may not import Formats; it may import: nothing of ours"),
        ("Formats", "import BundledData", "Formats may not import BundledData"),
        ("Launching", "import Collectives", "Launching may not import Collectives"),
        ("Quality", "@preconcurrency import Foundation", "Quality does without Foundation"),
        ("Collectives", "import struct Foundation.Data", "Collectives does without Foundation"),
        ("Kernels", "  package import FoundationEssentials", "Kernels does without Foundation"),
        ("Training", "import Yams", "Training may not import Yams; only Recipes may"),
        ("Recipes", "import ArgumentParser", "Recipes may not import ArgumentParser; only LockstepCommand may"),
        ("Quality", "import Crypto", "Quality may not import Crypto"),
        ("Recipes", "import SomethingNew", "Recipes imports SomethingNew, which cluster/check-layers does not know"),
        ("NewTarget", "import Swift", "the target NewTarget has no row"),
    ])
    func otherImportsFailWithFileAndReason(target: String, statement: String, message: String) throws {
        let result = try check(["\(target)/Some.swift": "// comment\n\(statement)\n"])
        #expect(result.status == 1, "\(result)")
        #expect(result.errorOutput.contains(message), "\(result)")
        #expect(target == "NewTarget" || result.errorOutput.contains("\(target)/Some.swift:2: "), "\(result)")
    }
}
