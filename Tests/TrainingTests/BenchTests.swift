import Collectives
import Networks
import Recipes
import TestSupport
import Testing
import Training

/// The benchmarks run, count what they say they count, and print the fields that outside tools read. Times decide nothing here.
@Suite(.serialized) struct BenchTests {
    @Test(arguments: [("mlp-small", 55050, 32), ("mlp", 1_863_690, 128), ("cnn", 347_146, 32)])
    func aWorkloadIsThePeersOwn(name: String, parameters: Int, batch: Int) throws {
        let bench = try StepBench(name)
        let row = try bench.run(steps: 2, warmup: 1, split: false, on: SingleMemberGroup())
        #expect(row.parameters == parameters)
        #expect(row.samples == batch)
        #expect(row.exchangeBytes == 0)
        let json = row.json
        for field in ["peer", "workload", "dtype", "ranks", "threads", "params", "unit", "per_second", "step_ms"] {
            #expect(json[field] != nil, "no \(field)")
        }
        #expect(json["params"]?.intValue == parameters)
    }

    /// Of sequences it is tokens that are counted, and the loss is that of every position.
    @Test(arguments: ["fp32", "bf16"]) func sequencesAreCountedInTokens(precision: String) throws {
        try withTemporaryDirectory { folder in
            let recipe = """
                data: synthetic
                model:
                  input: [12]
                  layers:
                    - embedding: {vocabulary: 9, width: 8, positions: 20}
                    - transformer: {heads: 2, dropout: 0.1}
                    - lstm: 8
                    - layernorm
                    - head: 0
                  recompute: blocks
                loss: softmax_cross_entropy
                batch: 4
                steps: 1
                """
            try writeText(recipe, to: folder + "/tokens.yaml")
            let bench = try StepBench(folder + "/tokens.yaml", precision: precision)
            let row = try bench.run(steps: 2, warmup: 0, split: false, on: SingleMemberGroup())
            #expect(row.json["unit"]?.stringValue == "tokens" && row.json["dtype"]?.stringValue == precision)
            #expect(row.samples == 4 && row.json["batch"]?.intValue == 4)
            #expect(abs(row.perSecond * row.stepMilliseconds / 1e3 - 48) < 1e-6)
        }
    }

    @Test func whatCannotBeTimedIsRefused() {
        let precision = #expect(throws: UsageError.self) { try StepBench("mlp", precision: "fp64") }
        #expect(precision?.description.contains("fp32 and bf16") == true)
        let changed = #expect(throws: UsageError.self) { try StepBench("mlp", overrides: ["batsh=3"]) }
        let text = changed?.description ?? ""
        #expect(text.contains("batsh") && text.contains("`batch`") && text.contains("workload"), "\(text)")
    }

    /// A workload written as a recipe is the workload: what is changed is all that changes.
    @Test(arguments: Zoo.names) func aWorkloadIsARecipeToo(name: String) throws {
        let workload = try #require(StepBench.workload(named: name))
        let recipe = try Recipe.measuring(
            name, network: workload.network, optimizer: workload.optimizer, batch: workload.batch, overrides: [])
        // Recipes are compared with every default written out.
        var expected = recipe
        (expected.network, expected.optimizer) = (workload.network, workload.optimizer)
        #expect(recipe == expected, "\(Recipe.differences(recipe, expected))")
        #expect(recipe.task == workload.task && recipe.batch == workload.batch && recipe.precision == .fp32)
    }

    @Test func keysOfAWorkloadCanBeChanged() throws {
        let row = try StepBench("gpt-mini", overrides: ["batch=2", "model.input=[8]", "precision=bf16"]).run(
            steps: 1, warmup: 0, split: false, on: SingleMemberGroup())
        #expect(row.samples == 2 && row.units == 8 && row.precision == "bf16")
        #expect(row.workload == "gpt-mini batch=2 model.input=[8] precision=bf16")
        let plain = try #require(StepBench.workload(named: "gpt-mini"))
        #expect(row.parameters == (try Network.build(plain.network)).layout.trainableCount)
        let wide = try StepBench("mlp-small", overrides: ["model.layers.0.dense.units=32"], precision: "fp32").run(
            steps: 1, warmup: 0, split: false, on: SingleMemberGroup())
        #expect(wide.parameters == 784 * 32 + 32 + 32 * 64 + 64 + 64 * 10 + 10)
    }

    @Test func everyRankTakesTheWholeBatchUnlessItIsSplit() throws {
        let rows = try ThreadGroup.run(2) { group in
            let bench = try StepBench("mlp-small")
            return [
                try bench.run(steps: 2, warmup: 0, split: false, on: group), try bench.run(steps: 2, warmup: 0, split: true, on: group),
            ]
        }[0]
        #expect(rows.map(\.samples) == [64, 32])
        // Each of two ranks sends half of its partial and then its finished half: as many bytes as there are parameters (and padding).
        #expect(rows[0].exchangeBytes >= 55050 * 4 && rows[0].exchangeBytes < 55050 * 4 + 4096)
    }

    @Test func aRecipeIsAWorkloadToo() throws {
        try withTemporaryDirectory { folder in
            try writeText(TrainingRuns.dropoutRecipe, to: folder + "/small.yaml")
            let row = try StepBench(folder + "/small.yaml", overrides: ["batch=16"]).run(
                steps: 2, warmup: 0, split: false, on: SingleMemberGroup())
            #expect(row.samples == 16)
        }
        let error = #expect(throws: UsageError.self) { try StepBench("resnet") }
        #expect(error?.description.contains("mlp-small, mlp, cnn") == true, "\(String(describing: error))")
    }

    @Test func scalingIsRelativeToTheFewestRanks() {
        func row(_ kind: ScalingReport.Kind, _ ranks: Int, _ perSecond: Double) -> ScalingReport.Row {
            ScalingReport.Row(
                kind: kind, ranks: ranks, stepMilliseconds: 1, perSecond: perSecond, exchangeShare: 0.25, isOversubscribed: ranks > 2)
        }
        let report = ScalingReport(
            workload: "mlp", cores: 2, rows: [row(.strong, 1, 100), row(.strong, 2, 150), row(.weak, 1, 80), row(.weak, 4, 160)])
        #expect(report.rows.map(report.speedUp) == [1, 1.5, 1, 2])
        #expect(report.rows.map(report.efficiency) == [1, 0.75, 1, 0.5])
        #expect(report.table.contains("oversubscribed: not a scaling result"))
        #expect(report.table.split(separator: "\n").filter { $0.contains("oversubscribed") }.count == 1)
        #expect(report.json(report.rows[1])["efficiency"]?.doubleValue == 0.75)
    }
}
