extension RecipeSchema {
    /// The recipe itself and the sections about how a run is carried out.
    static let runSections: [RecipeSection] = [
        RecipeSection(
            "", about: "The recipe itself.",
            keys: [
                RecipeKey(
                    "name", "text", "the file's name without its extension",
                    "What the recipe is called; the run's generated name begins with it."),
                RecipeKey(
                    "seed", "whole number", "0",
                    "Everything random is a function of it: initial weights, sample order, dropout, splits, synthetic data."),
                RecipeKey("data", "section, or the name of a format", "", "What to learn from: see `data`."),
                RecipeKey("model", "section", "", "The network: see `model`. Must be given."),
                RecipeKey(
                    "loss", "softmax_cross_entropy, binary_cross_entropy or mse", "",
                    "What is minimised. Must be given. It also says what kind of task this is: classes, yes or no, or numbers."),
                RecipeKey("optimizer", "section, or the name of an optimiser", "", "See `optimizer`."),
                RecipeKey("schedule", "section, or the name of a schedule", "", "How the learning rate changes: see `schedule`."),
                RecipeKey("batch", "whole number", "32", "The global batch, in samples, over all ranks together."),
                RecipeKey(
                    "epochs", "whole number", "",
                    "Passes over the training data. `epochs`, `steps` or both must be given; whichever ends first, ends the run."),
                RecipeKey("steps", "whole number", "", "Updates."),
                RecipeKey(
                    "precision", "fp32 or bf16", "fp32",
                    "bf16 is mixed precision: activations, their gradients and the factors of products have 16 bits; weights, sums, "
                        + "statistics and the optimiser keep 32."),
                RecipeKey("init", "section, or a path", "", "Where initial weights come from: see `init`."),
                RecipeKey("parallel", "section", "", "How the work is divided among ranks: see `parallel`."),
                RecipeKey("quality", "section", "", "What the coordinator watches and may do: see `quality`."),
                RecipeKey("checkpoint", "section", "", "See `checkpoint`."),
                RecipeKey("output", "path", "runs/", "The folder that run directories are made in."),
                RecipeKey(
                    "run", "text", "generated",
                    "The name of the run, and of its directory in `output`. A name that is already there is refused, unless with "
                        + "`--resume`."
                ),
                RecipeKey("log", "section", "", "See `log`."),
            ]),
        RecipeSection(
            "init", about: "Initial weights. Without it they are drawn from the seed with PyTorch's distributions.", shorthand: "from",
            keys: [RecipeKey("from", "path", "", "A safetensors file that holds every parameter by name, in PyTorch's shapes.")]),
        RecipeSection(
            "parallel",
            about: "How the work is divided among ranks. None of it changes what is computed, except `virtual_shards` in the last bits.",
            keys: [
                RecipeKey(
                    "virtual_shards", "whole number or auto", "auto",
                    "Into how many parts each batch is cut. Gradients are added in a fixed tree over these parts, so runs with the same "
                        + "number give the same bits on any number of ranks up to it. auto: the number of ranks at the first start."
                ),
                RecipeKey(
                    "share", "node", "node",
                    "What ranks of one node share. In this version every rank still holds its own copy of the weights; the results are "
                        + "the same."
                ),
                RecipeKey("wire", "fp32", "fp32", "The type in which gradients travel. bf16 is refused in this version."),
                RecipeKey("bucket_bytes", "whole number or auto", "auto", "How much of the gradient is exchanged at a time."),
                RecipeKey(
                    "exchange", "tree or allreduce", "tree",
                    "tree adds in the fixed order; allreduce leaves the order to MPI, and with it the last bits to the number of ranks."),
            ]),
        RecipeSection(
            "checkpoint", about: "What is saved while the run goes on.",
            keys: [
                RecipeKey("every_steps", "whole number", "500", "Steps between checkpoints; 0 saves only at the end and on signals."),
                RecipeKey("keep", "whole number", "3", "How many good checkpoints are kept, besides the newest and the best."),
            ]),
        RecipeSection(
            "log", about: "What the run tells.",
            keys: [
                RecipeKey("every_steps", "whole number", "1", "Steps between lines of metrics.jsonl."),
                RecipeKey("tensorboard", "true or false", "true", "Whether event files for TensorBoard are written."),
                RecipeKey(
                    "progress", "auto, bar, plain or none", "auto",
                    "What is shown while it runs; auto is a bar on a terminal and plain lines elsewhere."),
            ]),
    ]
}
