import DataPipeline
import Optimizers
import Quality
import Recipes
import Testing

@Suite struct ResolvedRecipeTests {
    /// Recipes that use every section, every variant of each, and text that needs quoting.
    static let recipes: [String] =
        Recipe.builtIns.map(\.yaml) + [
            smallest,
            smallest(
                and:
                    "name: \"a: b, {c} # 'd' \\\"e\\\" \\\\ \\n\\t é 🙂 \\u0085\"\noutput: \"null\"\nrun: \"true\"\ninit: \"- x\"\nsteps: 12"
            ),
            smallest(
                and: """
                    seed: 18446744073709551615
                    batch: 7
                    optimizer: {name: sgd, momentum: 0.9, nesterov: true, learning_rate: 1e-7, weight_decay: 1e-30,
                      weight_decay_exclude: [bias, layers.0], clip_norm: 1}
                    schedule: {name: step, every: 3, unit: steps, gamma: 0.30000000000000004, warmup_steps: 10}
                    data: {format: csv, path: "a b.csv", target: "x, y", categorical: [a, "1"], ignore: ["-"], separator: "\\t",
                      standardize: false, test: t.csv, split: shuffled}
                    parallel: {virtual_shards: 4, bucket_bytes: 65536, exchange: allreduce}
                    quality:
                      on_spike: clip
                      early_stopping: {metric: train.f1, patience: 7, min_delta: 0.001, restore_best: false, start_epoch: 2, target: 0.99}
                      alerts: [{when: "validation.accuracy < 0.9", for: 2, action: rollback}, "grad_norm>=100",
                        {when: loss > 1e3, action: reduce_lr}]
                      detection: {warn_residual: 4, warm_up_steps: 30, consecutive_skips: 9}
                      recovery: {learning_rate_cut: 0.25, probation_steps: 50, rollbacks_per_run: 0}
                    checkpoint: {every_steps: 0, keep: 1}
                    log: {every_steps: 10, tensorboard: false, progress: plain}
                    """),
            smallest(
                and:
                    "optimizer: {name: adagrad, lr_decay: 0.1, initial_accumulator_value: 1, eps: 1e-9}\nschedule: {name: cosine, "
                    + "minimum_factor: 0.1}\n"
                    + "data: {format: npy, path: d, inputs: a.npy, targets: b.npy, test: 0.25, normalize: {mean: [0.1307, 0.5], std: "
                    + "[0.3081, 0.25]}}"
            ),
            smallest(
                and:
                    "optimizer: {name: rmsprop, alpha: 0.9, momentum: 0.5, centered: true}\n"
                    + "schedule: {name: reduce_on_plateau, metric: train.accuracy, factor: 0.5, patience: 2, threshold: 0, cooldown: 1, "
                    + "minimum_rate: 1e-6}\n"
                    + "data: {format: synthetic, kind: blobs, samples: 99, test_samples: 0, noise: 0.5, validation: 0.5, shuffle: false}"),
            smallest(
                and:
                    "optimizer: {name: adamw, beta1: 0.8, beta2: 0.9, eps: 1e-6}\ndata: {format: idx, path: d, normalize: {mean: "
                    + "0.1307, std: 0.3081}}"
            ),
            recipe(
                layers:
                    "- repeat: {times: 3, layers: [{conv2d: {filters: 3, kernel: [1, 3], padding: same, name: c}}, {gelu: tanh}, gelu, "
                    + "relu]}\n"
                    + "- averagepool2d: {size: [2, 1], stride: 1, padding: [1, 0], name: pool}\n- flatten: {name: flat}\n- dropout: 0.1\n"
                    + "- dense: {units: 4, activation: gelu_tanh, bias: false}\n- tanh: {name: t}\n- sigmoid\n- softmax: {name: s}",
                loss: "mse"),
            recipe(input: "[3]", layers: "- dense: 4\n- softmax\n- relu", loss: "mse"),
            recipe(
                layers:
                    "- conv2d: {filters: 6, dilation: [2, 1], groups: 3}\n- repeat: {times: 2, layers: [{sequential: {layers: "
                    + "[batchnorm2d, {batchnorm2d: {momentum: 0.01, epsilon: 1e-3}}]}}]}\n- residual: {activation: gelu, layers: [{conv2d: "
                    + "{filters: 4, kernel: 1}}, {residual: {layers: [relu, {batchnorm2d: {name: norm}}]}}], shortcut: [{conv2d: {filters: "
                    + "4, kernel: 1}}], name: block}\n- globalaveragepool2d\n- dense: 2",
                loss: "mse") + "precision: bf16\n",
            recipe(
                input: "[6, 8]",
                layers:
                    "- layernorm: {epsilon: 1e-6}\n- attention: {heads: 2, causal: false, dropout: 0.5, bias: false}\n- lstm: 12\n"
                    + "- transformer: {heads: 3, hidden: 7, activation: relu, causal: false, dropout: 0.1, bias: false, name: t}\n"
                    + "- transformer: 4",
                loss: "mse"),
            recipe(
                input: "[6]",
                layers:
                    "- embedding: {vocabulary: 9, width: 4, positions: true, std: 0.02, name: tokens}\n- transformer: 2\n- layernorm\n"
                    + "- head: tokens") + "data: synthetic\n",
            recipe(input: "[6]", layers: "- embedding: {vocabulary: 9, width: 4, positions: 12}\n- dense: 4\n- head: 0")
                + "data: synthetic\n",
        ]

    @Test(arguments: recipes)
    func writtenOutAndReadBackItIsTheSame(yaml: String) throws {
        let recipe = try Recipe.parse(yaml)
        let again = try Recipe.parse(recipe.resolvedYAML)
        #expect(again == recipe)
        #expect(again.resolvedYAML == recipe.resolvedYAML)
        #expect(again.hash == recipe.hash)
        #expect(again.fullHash == recipe.fullHash)
        #expect(Recipe.differences(recipe, again).isEmpty)
        // Field by field, so that a field forgotten in the writing is found.
        #expect(again.name == recipe.name && again.seed == recipe.seed && again.network == recipe.network && again.task == recipe.task)
        #expect(again.optimizer == recipe.optimizer && again.schedule == recipe.schedule && again.gradientClip == recipe.gradientClip)
        #expect(
            again.batch == recipe.batch && again.epochs == recipe.epochs && again.steps == recipe.steps && again.initFrom == recipe.initFrom
        )
        #expect(again.parallel == recipe.parallel && again.quality == recipe.quality && again.checkpoint == recipe.checkpoint)
        #expect(again.output == recipe.output && again.run == recipe.run && again.log == recipe.log)
        var data = recipe.data
        data.split = data.effectiveSplit
        #expect(again.data == data)
    }

    @Test func everyFieldOfTheFullRecipeArrives() throws {
        let recipe = try Recipe.parse(Self.recipes[Recipe.builtIns.count + 2])
        #expect(recipe.seed == .max && recipe.batch == 7 && recipe.gradientClip == 1)
        #expect(
            recipe.optimizer
                == OptimizerSpec(
                    .sgd(momentum: 0.9, nesterov: true), learningRate: 1e-7, weightDecay: 1e-30, weightDecayExclude: ["bias", "layers.0"]))
        #expect(recipe.schedule == ScheduleSpec(.step(every: 3, unit: .steps, gamma: 0.30000000000000004), warmupSteps: 10))
        #expect(
            recipe.data
                == DataSpec(
                    format: .csv, path: "a b.csv", split: .shuffled, test: .file("t.csv"), target: "x, y", categorical: ["a", "1"],
                    ignore: ["-"],
                    separator: "\t", standardize: false))
        #expect(recipe.parallel == ParallelSettings(virtualShards: 4, bucketBytes: 65536, exchange: .allreduce))
        var detection = DetectionSettings()
        detection.warnResidual = 4
        detection.warmUpSteps = 30
        detection.consecutiveSkips = 9
        var recovery = RecoverySettings()
        recovery.learningRateCut = 0.25
        recovery.probationSteps = 50
        recovery.rollbacksPerRun = 0
        let quality = QualitySettings(
            onSpike: .clip,
            earlyStopping: EarlyStoppingSettings(
                metric: try MetricName("train.f1"), patience: 7, minDelta: 0.001, restoreBest: false, startEpoch: 2, target: 0.99),
            alerts: [
                try AlertRule(when: "validation.accuracy < 0.9", for: 2, action: .rollback), try AlertRule(when: "grad_norm >= 100"),
                try AlertRule(when: "loss > 1000", action: .reduceLearningRate),
            ], detection: detection, recovery: recovery)
        #expect(recipe.quality == quality)
        #expect(recipe.checkpoint == CheckpointSettings(everySteps: 0, keep: 1))
        #expect(recipe.log == LogSettings(everySteps: 10, tensorboard: false, progress: .plain))
    }

    @Test func theHashIsOverTheArithmetic() throws {
        func hash(_ overrides: String...) throws -> String { try Recipe.load("digits", overrides: overrides).hash }
        let base = try hash()
        #expect(base.count == 64)
        for other in [
            "name=x", "run=x", "output=elsewhere", "epochs=3", "steps=7", "log.every_steps=5", "checkpoint.every_steps=9",
            "parallel.virtual_shards=4",
            "quality.on_spike=warn", "model.recompute=blocks",
        ] {
            #expect(try hash(other) == base, "\(other)")
        }
        for other in [
            "seed=1", "batch=16", "optimizer.learning_rate=1e-4", "model.layers.0.conv2d.filters=8", "data.validation=0.1",
            "optimizer.clip_norm=1",
            "schedule={name: step, every: 1}", "init.from=x", "parallel.exchange=allreduce", "precision=bf16",
        ] {
            #expect(try hash(other) != base, "\(other)")
        }
        #expect(try hash("schedule=cosine") != hash("schedule=cosine", "epochs=3"), "a cosine's rates depend on the length of the run")
        #expect(try Recipe.load("mnist-mlp").hash == Recipe.load("mnist-mlp", overrides: ["data.path=elsewhere"]).hash)
        #expect(try Recipe.load("digits").fullHash != Recipe.load("digits", overrides: ["name=x"]).fullHash)
    }

    @Test func differencesAreNamed() throws {
        let a = try Recipe.load("digits")
        let b = try Recipe.load("digits", overrides: ["batch=16", "optimizer=adagrad", "model.layers.3.dense.units=32", "name=b"])
        #expect(
            Recipe.differences(a, b).map(\.description) == [
                "name: digits against b", "model.layers.3.dense.units: 64 against 32", "optimizer.name: adam against adagrad",
                "optimizer.learning_rate: 0.003 against 0.01", "optimizer.beta1: 0.9 against (none)",
                "optimizer.beta2: 0.999 against (none)",
                "optimizer.eps: 1e-08 against 1e-10", "batch: 32 against 16", "optimizer.lr_decay: (none) against 0",
                "optimizer.initial_accumulator_value: (none) against 0",
            ])
        #expect(!Recipe.arithmeticDifferences(a, b).contains { $0.path == "name" })
        #expect(Recipe.differences(a, a).isEmpty)
    }
}
