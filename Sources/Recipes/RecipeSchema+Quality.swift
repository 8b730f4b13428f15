extension RecipeSchema {
    /// What the coordinator watches and may do.
    static let qualitySections: [RecipeSection] = [
        RecipeSection(
            "quality", about: "What the coordinator on rank 0 watches and may do. docs/quality.md tells how it decides.",
            keys: [
                RecipeKey(
                    "on_spike", "rollback, clip or warn", "rollback",
                    "About a confirmed spike of the loss: back to a good checkpoint with a lower rate; a clipped gradient for a while; "
                        + "or a line in the log."
                ),
                RecipeKey(
                    "early_stopping", "section", "",
                    "When to stop before the end: see `quality.early_stopping`. Without it the run goes to its end and leaves the last "
                        + "weights."
                ),
                RecipeKey("alerts", "list of alerts", "[]", "Rules of your own: see `quality.alerts.N`."),
                RecipeKey("detection", "section", "", "Thresholds of the detectors: see `quality.detection`."),
                RecipeKey("recovery", "section", "", "What an intervention does, and how many there may be: see `quality.recovery`."),
            ]),
        RecipeSection(
            "quality.early_stopping", about: "Stops when a metric has not improved for so many validations, and leaves the best weights.",
            shorthand: "metric",
            keys: [
                RecipeKey(
                    "metric", "name of a metric", "validation.loss",
                    "What decides: `validation.` or `train.` and loss, accuracy, precision, recall, f1, mse, mae, rmse, r2 or perplexity. Whether "
                        + "less or more is better follows from the name."
                ),
                RecipeKey(
                    "patience", "whole number", "3",
                    "It stops after exactly so many validations in a row without improvement; 1 or more."),
                RecipeKey("min_delta", "number", "0", "An improvement must be larger than this."),
                RecipeKey(
                    "restore_best", "true or false", "true",
                    "Whether the run leaves the best weights rather than the last, however it ends."),
                RecipeKey("start_epoch", "whole number", "1", "The first epoch whose validation counts."),
                RecipeKey("target", "number", "", "Stops as soon as the metric is this good."),
            ]),
        RecipeSection(
            "quality.alerts.N", about: "One rule of `quality.alerts`: `{when: \"validation.accuracy < 0.9\", for: 2, action: warn}`.",
            shorthand: "when",
            keys: [
                RecipeKey(
                    "when", "text", "",
                    "A metric, one of < <= > >=, and a number. Besides metrics of a pass: loss, grad_norm and learning_rate of every "
                        + "step. Must be given."
                ),
                RecipeKey("for", "whole number", "1", "For how many evaluations in a row it must hold."),
                RecipeKey("action", "warn, reduce_lr, rollback or stop", "warn", "What then happens."),
            ]),
        RecipeSection(
            "quality.detection",
            about:
                "Thresholds of the detectors, in units of the stream's own scatter where not said otherwise.",
            keys: [
                RecipeKey("warn_residual", "number", "5", "How far out of line a single step must be to warn."),
                RecipeKey("act_residual", "number", "8", "How far out of line a step must be to be looked into."),
                RecipeKey("jump_slack", "number", "1", "Half the shift that the jump detector is made for."),
                RecipeKey("jump_threshold", "number", "10", "Where the jump detector fires; at half of it, it warns."),
                RecipeKey("ramp_slack", "number", "0.5", "Half the shift that the detector of slow rises is made for."),
                RecipeKey("ramp_threshold", "number", "25", "Where the detector of slow rises fires; at half of it, it warns."),
                RecipeKey("confirmation_steps", "whole number", "5", "How many steps a finding must last before anything is done."),
                RecipeKey(
                    "mild_confirmation_steps", "whole number", "50",
                    "The same for a rise to a level that is small against the loss at the start."),
                RecipeKey("severe_fraction", "number", "0.02", "The part of the loss at the start above which a level is not small."),
                RecipeKey("minimum_rise", "number", "2", "Only a loss that has grown by this factor is worth a rollback."),
                RecipeKey(
                    "warm_up_steps", "whole number or auto", "auto",
                    "Steps before the detectors speak; auto is 100, or a tenth of a short run, at least 20."),
                RecipeKey("scale_floor", "number", "0.1", "The smallest scatter of the logarithm of the loss that is assumed."),
                RecipeKey("consecutive_skips", "whole number", "5", "Skipped updates in a row at which the run is taken to be broken."),
                RecipeKey("skipped_share", "number", "0.01", "The share of skipped updates among the last 1,000 at which it is."),
                RecipeKey(
                    "overfit_percent", "number", "10",
                    "Validation loss so many per cent above its best, twice running, warns of overfitting."),
                RecipeKey(
                    "slow_rank_ratio", "number", "0.75",
                    "A rank that does less than this part of the fastest one's work in the same time is called slow."),
            ]),
        RecipeSection(
            "quality.recovery", about: "What an intervention does, and how many there may be.",
            keys: [
                RecipeKey("learning_rate_cut", "number", "0.5", "What the rate is multiplied by at a rollback."),
                RecipeKey("learning_rate_floor", "number", "0.001", "All cuts together never go below this part of the rate."),
                RecipeKey(
                    "probation_steps", "whole number or auto", "auto",
                    "Steps under observation after a rollback; auto is 200, or a tenth of a short run, at least 20."),
                RecipeKey(
                    "promotion_steps", "whole number or auto", "auto",
                    "Clean steps after which a checkpoint is good; auto is 60, or two checkpoint intervals, or a tenth of a short run, "
                        + "at least 20."
                ),
                RecipeKey("rollbacks_per_run", "whole number", "5", "How many rollbacks a run may have."),
                RecipeKey("rollbacks_per_window", "whole number", "3", "How many in any 10,000 steps."),
                RecipeKey("rollbacks_per_checkpoint", "whole number", "2", "How many to one checkpoint before an older one is taken."),
                RecipeKey(
                    "skipped_batches", "whole number or auto", "auto",
                    "The most batches that one rollback leaves out; auto is 5 % of an epoch, at least 20."),
                RecipeKey("skip_margin", "whole number", "1", "Batches left out before the estimated beginning of the trouble."),
                RecipeKey("clip_scales", "number", "2.5", "With on_spike clip: how far above the usual gradient norm the limit lies."),
                RecipeKey("clip_steps", "whole number", "20", "With on_spike clip: for how many steps."),
            ]),
    ]
}
