import Recipes
import TestSupport
import Testing

/// Every refusal, with its whole message: what, where, and what to write instead.
@Suite struct RecipeRefusalTests {
    @Test func unknownKeys() {
        #expect(refusal(smallest(and: "bacth: 32")) == "test, line 7: unknown key `bacth`: did you mean `batch`?")
        #expect(
            refusal(smallest(and: "optimizer:\n  name: adam\n  learning_rat: 1e-3"))
                == "test, line 9: unknown key `optimizer.learning_rat`: did you mean `optimizer.learning_rate`?")
        #expect(
            refusal(smallest(and: "learning_rate: 0.1"))
                == "test, line 7: unknown key `learning_rate`: did you mean `optimizer.learning_rate`?")
        #expect(refusal(smallest, "lr=0.1") == "override lr=0.1: unknown key `lr`: did you mean `optimizer.learning_rate`?")
        #expect(
            refusal(smallest, "optimizer.lr=0.1")
                == "override optimizer.lr=0.1: unknown key `optimizer.lr`: did you mean `optimizer.learning_rate`?")
        #expect(refusal(smallest, "--batch_size=3") == "override --batch_size=3: unknown key `batch_size`: did you mean `batch`?")
        #expect(
            refusal(smallest, "checkpoint.zebra=1")
                == "override checkpoint.zebra=1: unknown key `checkpoint.zebra`. The keys of `checkpoint` are every_steps and keep")
        #expect(
            refusal(recipe(layers: "- flatten\n- dense: {unit: 10}"))
                == "test, line 5: unknown key `model.layers.1.dense.unit`: did you mean `model.layers.1.dense.units`?")
        #expect(
            refusal(smallest(and: "quality: {early_stopping: {patince: 3}}"))
                == "test, line 7: unknown key `quality.early_stopping.patince`: did you mean `quality.early_stopping.patience`?")
    }

    @Test func wrongTypes() {
        #expect(refusal(smallest, "epochs=many") == "override epochs=many: `epochs` must be a whole number, not the text \"many\"")
        #expect(refusal(smallest, "batch=1.5") == "override batch=1.5: `batch` must be a whole number, not the number 1.5")
        #expect(refusal(smallest(and: "batch: [1, 2]")) == "test, line 7: `batch` must be a whole number, not a list")
        #expect(
            refusal(smallest, "optimizer.learning_rate=fast")
                == "override optimizer.learning_rate=fast: `optimizer.learning_rate` must be a number, not the text \"fast\"")
        #expect(
            refusal(smallest, "optimizer.learning_rate=.nan")
                == "override optimizer.learning_rate=.nan: `optimizer.learning_rate` must be a finite number, not .nan")
        #expect(
            refusal(smallest, "data.shuffle=yes")
                == "override data.shuffle=yes: `data.shuffle` must be true or false, not the text \"yes\". Write true")
        #expect(refusal(smallest, "name=true") == "override name=true: `name` must be text, not true")
        #expect(refusal(smallest, "name=[a]") == "override name=[a]: `name` must be text, not a list")
        #expect(
            refusal(smallest, "checkpoint=often")
                == "override checkpoint=often: `checkpoint` must be a section of keys, not the text \"often\". Its keys are every_steps "
                + "and keep"
        )
        #expect(refusal(smallest, "seed=-1") == "override seed=-1: `seed` must be a whole number from 0 to 18446744073709551615, not -1")
        #expect(
            refusal(smallest, "parallel.virtual_shards=some")
                == "override parallel.virtual_shards=some: `parallel.virtual_shards` must be a whole number or auto, not the text \"some\"")
        #expect(
            refusal(smallest, "model.input=[a]")
                == "override model.input=[a]: `model.input` must be a list of whole numbers, not the text \"a\"")
        #expect(
            refusal("- a\n- b")
                == "test, line 1: a recipe must be a section of keys, not a list. Its keys are name, seed, data, model, loss, "
                + "optimizer, schedule, batch, epochs, steps, "
                + "precision, init, parallel, quality, checkpoint, output, run and log")
    }

    @Test func outOfRange() {
        #expect(refusal(smallest, "batch=0") == "override batch=0: `batch` must be at least 1, not 0")
        #expect(refusal(smallest(and: "batch: -8")) == "test, line 7: `batch` must be at least 1, not -8")
        #expect(
            refusal(smallest, "data.validation=1") == "override data.validation=1: `data.validation` must be at least 0 and below 1, not 1")
        #expect(
            refusal(smallest, "optimizer.clip_norm=0") == "override optimizer.clip_norm=0: `optimizer.clip_norm` must be above 0, not 0")
        #expect(
            refusal(smallest, "optimizer.beta1=1")
                == "override optimizer.beta1=1: optimizer.beta1: 1.0 does not work: it has to be at least 0 and below 1; 0.9 is usual")
        #expect(
            refusal(smallest, "quality.early_stopping.patience=0")
                == "override quality.early_stopping.patience=0: quality.early_stopping.patience: 0 is not a number of checks; 1 stops "
                + "at the first check "
                + "without improvement, and leaving early_stopping out never stops")
        #expect(
            refusal(smallest(and: "batch: 3\nparallel: {virtual_shards: 4}"))
                == "test, line 7: `batch` is 3, smaller than `parallel.virtual_shards`, which is 4. Every shard needs a sample: set "
                + "batch to at least 4, "
                + "or virtual_shards to at most 3")
        #expect(
            refusal(smallest, "run=a/b")
                == "override run=a/b: `run` is `a/b`, but it names a folder inside `output`. Use output=FOLDER run=NAME")
    }

    /// Enormous numbers are refused in words; none of them may trap.
    @Test func enormousNumbers() {
        let largest = "9223372036854775807"
        #expect(refusal(smallest, "batch=\(largest)") == "override batch=\(largest): `batch` must be at most 2147483648, not \(largest)")
        #expect(
            refusal(smallest, "batch=1e30") == "override batch=1e30: `batch` must be a whole number, not the number 1e30")
        let keys = [
            "epochs", "steps", "checkpoint.every_steps", "checkpoint.keep", "log.every_steps", "parallel.virtual_shards",
            "parallel.bucket_bytes",
            "schedule.warmup_steps", "quality.detection.warm_up_steps", "quality.recovery.probation_steps", "quality.recovery.skip_margin",
        ]
        for key in keys { #expect(refusal(smallest, "\(key)=\(largest)").contains("must be at most")) }
        for layer in [
            "dense: \(largest)", "conv2d: \(largest)", "conv2d: {filters: 1, padding: \(largest)}", "maxpool2d: {size: \(largest)}",
        ] {
            #expect(refusal(recipe(layers: "- " + layer)).contains("must be at most"), "\(layer)")
        }
        // Each number is possible by itself; the network is not.
        #expect(
            refusal(recipe(layers: "- flatten\n- dense: 16777216\n- dense: 16777216\n- dense: 2"))
                == "test, line 6: model: layers.2 (dense): the weights 16777216×16777216 would have more than 2^40 elements")
        #expect(refusal(smallest, "model.input=[16777216, 16777216]").contains("2^40 elements"))
    }

    @Test func missingKeys() {
        #expect(
            refusal("epochs: 1")
                == "test, line 1: `model` is missing: a recipe says which network to train. For example model={input: [64], layers: "
                + "[{dense: {units: 32, "
                + "activation: relu}}, {dense: 10}]}")
        #expect(refusal("") == refusal("epochs: 1"))
        #expect(
            refusal("model: {layers: [{dense: 1}]}")
                == "test, line 1: `model.input` is missing. For example input: [28, 28, 1] for images, input: [64] for features")
        #expect(refusal("model: {input: [3]}") == "test, line 1: `model.layers` is missing. For example layers: [{dense: 10}]")
        #expect(
            refusal("model: {input: [3], layers: [{dense: 2}]}")
                == "test, line 1: `loss` is missing: a recipe says what to minimise. One of softmax_cross_entropy, binary_cross_entropy "
                + "or mse"
        )
        #expect(
            refusal(smallest, "epochs=null")
                == "test, line 1: neither `epochs` nor `steps` is given, so the run would have no end. Add epochs: 5, or steps: 1000")
        #expect(
            refusal(smallest, "data.format=csv")
                == "override data.format=csv: `data.path` is missing: data of format csv are read from a file. Set data.path=FILE")
        #expect(
            refusal(smallest, "schedule=step")
                == "override schedule=step: `schedule` is of kind step and needs `every`. For example schedule={name: step, every: 10, "
                + "gamma: 0.1}"
        )
    }

    @Test func unknownNames() {
        #expect(
            refusal(smallest, "optimizer=adm")
                == "override optimizer=adm: unknown optimizer `adm`: did you mean `adam`? Known are sgd, adagrad, rmsprop, adam and adamw")
        #expect(
            refusal(smallest, "optimizer=lion")
                == "override optimizer=lion: unknown optimizer `lion`. Known are sgd, adagrad, rmsprop, adam and adamw")
        #expect(
            refusal(smallest, "schedule.name=cosin")
                == "override schedule.name=cosin: unknown schedule `cosin`: did you mean `cosine`? Known are constant, step, cosine and "
                + "reduce_on_plateau"
        )
        #expect(
            refusal(smallest, "loss=softmax")
                == "override loss=softmax: unknown loss `softmax`: did you mean `softmax_cross_entropy`? Known are "
                + "softmax_cross_entropy, binary_cross_entropy and mse"
        )
        #expect(
            refusal(smallest, "data=dixits")
                == "override data=dixits: unknown data format `dixits`: did you mean `digits`? Known are digits, idx, csv, npy, "
                + "text, tokens and synthetic"
        )
        #expect(
            refusal(recipe(layers: "- desne: 10"))
                == "test, line 4: unknown layer `desne`: did you mean `dense`? Known are dense, head, conv2d, maxpool2d, "
                + "averagepool2d, globalaveragepool2d, flatten, dropout, relu, gelu, sigmoid, tanh, softmax, embedding, layernorm, "
                + "batchnorm2d, attention, lstm, residual, transformer, sequential and repeat")
        #expect(
            refusal(recipe(layers: "- dense: {units: 3, activation: rellu}"))
                == "test, line 4: unknown activation `rellu`: did you mean `relu`? Known are relu, gelu, gelu_tanh, sigmoid and tanh")
        #expect(
            refusal(smallest, "quality.early_stopping.metric=accuracy")
                == "override quality.early_stopping.metric=accuracy: `quality.early_stopping.metric`: unknown metric `accuracy`: did "
                + "you mean `validation.accuracy`? "
                + "Known are loss, mse, mae, rmse, perplexity, accuracy, precision, recall, f1, r2, each as validation.NAME or train.NAME")
    }

    @Test func notAvailableYet() {
        #expect(
            refusal(smallest, "parallel.wire=bf16")
                == "override parallel.wire=bf16: `parallel.wire`: wire type bf16 is not available in this version. Use fp32")
        for format in ["images"] {
            #expect(
                refusal(smallest, "data={format: \(format)}")
                    == "override data={format: \(format)}: `data.format`: data format \(format) is not available in this version. Use "
                    + "digits, idx, csv, npy, text, tokens or synthetic"
            )
        }
        #expect(
            refusal(smallest, "parallel.share=none")
                == "override parallel.share=none: unknown sharing `none`: did you mean `node`? Known are node")
    }

    @Test func dataThatDoNotSuitTheModel() {
        let reader = recipe(input: "[8]", layers: "- embedding: {vocabulary: 9, width: 4}\n- dense: 9")
        #expect(
            refusal(reader, "data.format=digits")
                == "override data.format=digits: `data.format`: the model reads tokens, digits has none: use text, tokens or synthetic")
        #expect(
            refusal(reader, "data={format: text, path: x, length: 16}")
                == "override data={format: text, path: x, length: 16}: `data.length`: windows of 16 tokens do not fit model.input, which is [8]"
        )
        #expect(
            refusal(reader, "data={format: tokens, path: x, vocabulary: 10}").hasSuffix(
                "`data.vocabulary`: the data has 10 tokens, the model 9: set the vocabulary of its embedding and the units of its last "
                    + "layer to 10"))
        #expect(refusal(reader, "data=text").contains("`data.path` is missing: data of format text are read from a file"))
        #expect(
            refusal(smallest, "data={format: text, path: x}").hasSuffix(
                "`data.format`: text is for models that read tokens and predict the next one at every position (an embedding first, "
                    + "softmax_cross_entropy last), this one makes a classification into 10 classes"))
        #expect(
            refusal(reader, "data=synthetic", "model.layers=[embedding: {vocabulary: 9, width: 4}, flatten, dense: 9]")
                .contains("a network that reads tokens predicts the next one at every position, but this one gives 9"))
    }

    @Test func keysOfOtherVariants() {
        #expect(
            refusal(smallest, "optimizer.momentum=0.9")
                == "override optimizer.momentum=0.9: `optimizer.momentum` means nothing to adam, it belongs to sgd and rmsprop. Leave "
                + "it out, or give the whole "
                + "section anew: optimizer={name: adam}")
        #expect(
            refusal(smallest, "data.samples=10")
                == "override data.samples=10: `data.samples` means nothing to digits, it belongs to synthetic. Leave it out, or give "
                + "the whole section anew: "
                + "data={format: digits}")
        #expect(
            refusal(smallest(and: "schedule: {name: cosine, gamma: 0.5}"))
                == "test, line 7: `schedule.gamma` means nothing to cosine, it belongs to step. Leave it out, or give the whole section "
                + "anew: schedule={name: cosine}"
        )
    }

    @Test func contradictions() {
        #expect(
            refusal(smallest, "quality.early_stopping.metric=validation.r2")
                == "override quality.early_stopping.metric=validation.r2: `quality.early_stopping.metric` is validation.r2, which is "
                + "not computed with the loss "
                + "softmax_cross_entropy. Computed are validation.loss, validation.accuracy, validation.precision, validation.recall "
                + "and validation.f1"
        )
        #expect(
            refusal(smallest, "quality.early_stopping={}", "data.validation=0")
                == "override quality.early_stopping={}: `quality.early_stopping.metric` is validation.loss, but no data is kept for "
                + "validation. Set data.validation=0.2"
        )
        #expect(
            refusal(smallest, "optimizer.weight_decay_exclude=[biass]")
                == "override optimizer.weight_decay_exclude=[biass]: `optimizer.weight_decay_exclude` names `biass`, which is no "
                + "parameter of this network. "
                + "Parameters are layers.0.weight and layers.0.bias; roles such as bias also work")
        #expect(
            refusal(smallest, "loss=binary_cross_entropy")
                == "override loss=binary_cross_entropy: binary_cross_entropy answers yes or no, but the network has 10 outputs. Give "
                + "the last layer 1 unit, or use "
                + "softmax_cross_entropy")
        #expect(
            refusal(smallest, "model.layers.0.dense=1")
                == "test, line 5: softmax_cross_entropy chooses among classes, but the network has 1 output. Give the last layer a unit "
                + "for each class, or use "
                + "binary_cross_entropy for yes or no")
    }

    @Test func notYAML() {
        #expect(
            refusal("model: {input: [3\nloss: mse")
                == "test, line 2: this is not YAML: while parsing a flow sequence (line 1): did not find expected ',' or ']', at column 5")
        #expect(refusal("a: 1\nbatch: 2\nbatch: 3") == "test, line 2: the key `batch` is given twice in one section. Keep one of them")
        #expect(
            refusal("\tbatch: 2")
                == "test, line 1: this is not YAML: while scanning for the next token (line 1): found character that cannot start any "
                + "token, at column 1"
        )
        #expect(refusal("a: *nothing") == "test, line 1: this is not YAML: found undefined alias, at column 4")
        #expect(
            refusal(smallest, "run=[a")
                == "override run=[a: this is not YAML: while parsing a flow sequence (line 1): did not find expected ',' or ']', at "
                + "column 1"
        )
    }

    @Test func aliasesThatExplode() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            yaml += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(refusal(yaml).hasSuffix("the recipe expands to more than 100000 values"))
    }
}
