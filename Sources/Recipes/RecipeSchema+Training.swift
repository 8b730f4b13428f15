extension RecipeSchema {
    /// The network's frame, the optimiser, the schedule.
    static let trainingSections: [RecipeSection] = [
        RecipeSection(
            "model", about: "The network.",
            keys: [
                RecipeKey(
                    "input", "list of whole numbers", "",
                    "The shape of one sample: `[64]` for features, `[height, width, channels]` for images, `[length]` for tokens. Must be "
                        + "given."),
                RecipeKey("layers", "list of layers", "", "In the order in which data flows: see Layers. Must be given."),
                RecipeKey(
                    "recompute", "none or blocks", "none",
                    "With blocks, each `residual` and `transformer` of the list keeps only its input for the backward pass and computes "
                        + "the rest again: less memory, about a third more time, the same results."),
            ]),
        RecipeSection(
            "optimizer", about: "How weights follow gradients. Semantics and defaults are those of `torch.optim`.", shorthand: "name",
            variant: "name",
            keys: [
                RecipeKey("name", "sgd, adagrad, rmsprop, adam or adamw", "adam", "Which one."),
                RecipeKey("learning_rate", "number", "0.001; 0.01 for adagrad and rmsprop", "The rate before any schedule."),
                RecipeKey(
                    "weight_decay", "number", "0; 0.01 for adamw",
                    "For adamw the decoupled decay, for the others the coefficient of an L2 penalty."),
                RecipeKey(
                    "weight_decay_exclude", "list of texts", "[]",
                    "Parameters that decay leaves alone: a role (`bias`), a parameter (`layers.3.weight`) or a layer (`layers.3`)."),
                RecipeKey(
                    "clip_norm", "number", "",
                    "The largest global norm of the gradient; a larger gradient is scaled down to it. Without it nothing is clipped."),
                RecipeKey("momentum", "number", "0", only: ["sgd", "rmsprop"], "How much of the last update goes into the next."),
                RecipeKey("dampening", "number", "0", only: ["sgd"], "How much of the gradient stays out of the momentum."),
                RecipeKey("nesterov", "true or false", "false", only: ["sgd"], "Nesterov's look-ahead; needs momentum and no dampening."),
                RecipeKey("lr_decay", "number", "0", only: ["adagrad"], "How fast the rate itself falls."),
                RecipeKey("initial_accumulator_value", "number", "0", only: ["adagrad"], "What the sum of squares starts at."),
                RecipeKey("alpha", "number", "0.99", only: ["rmsprop"], "How much of the mean square is kept at each step."),
                RecipeKey(
                    "centered", "true or false", "false", only: ["rmsprop"], "Whether the mean gradient is taken off the mean square."),
                RecipeKey("beta1", "number", "0.9", only: ["adam", "adamw"], "How much of the mean gradient is kept at each step."),
                RecipeKey("beta2", "number", "0.999", only: ["adam", "adamw"], "How much of the mean square is kept at each step."),
                RecipeKey(
                    "eps", "number", "1e-8; 1e-10 for adagrad", only: ["adagrad", "rmsprop", "adam", "adamw"],
                    "Added to the divisor so that it is never zero."),
            ]),
        RecipeSection(
            "schedule", about: "How the learning rate changes over the run.", shorthand: "name", variant: "name",
            keys: [
                RecipeKey("name", "constant, step, cosine or reduce_on_plateau", "constant", "Which one."),
                RecipeKey("warmup_steps", "whole number", "0", "Over how many first steps the rate rises to its full value."),
                RecipeKey("every", "whole number", "", only: ["step"], "After how many epochs or steps the rate is cut. Must be given."),
                RecipeKey("unit", "epochs or steps", "epochs", only: ["step"], "What `every` counts."),
                RecipeKey("gamma", "number", "0.1", only: ["step"], "What the rate is multiplied by at each cut."),
                RecipeKey("minimum_factor", "number", "0", only: ["cosine"], "The share of the rate that is left at the end of the run."),
                RecipeKey("metric", "name of a metric", "validation.loss", only: ["reduce_on_plateau"], "What has to stop improving."),
                RecipeKey("factor", "number", "0.1", only: ["reduce_on_plateau"], "What the rate is multiplied by at each cut."),
                RecipeKey(
                    "patience", "whole number", "10", only: ["reduce_on_plateau"],
                    "How many validations without improvement are let pass; the next one cuts."),
                RecipeKey(
                    "threshold", "number", "0.0001", only: ["reduce_on_plateau"], "The relative change that counts as an improvement."),
                RecipeKey(
                    "cooldown", "whole number", "0", only: ["reduce_on_plateau"], "How many validations after a cut are not counted."),
                RecipeKey("minimum_rate", "number", "0", only: ["reduce_on_plateau"], "The rate below which no cut goes."),
            ]),
    ]
}
