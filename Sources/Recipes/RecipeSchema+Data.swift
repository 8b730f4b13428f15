extension RecipeSchema {
    private static let files = ["idx", "csv", "npy", "text", "tokens"]
    private static let texts = ["text", "tokens"]
    private static let images = ["digits", "idx", "npy"]

    /// What to learn from.
    static let dataSections: [RecipeSection] = [
        RecipeSection(
            "data", about: "What to learn from. Paths are relative to the working directory.", shorthand: "format", variant: "format",
            keys: [
                RecipeKey(
                    "format", "digits, idx, csv, npy, text, tokens or synthetic", "digits",
                    "digits are the bundled handwritten digits (1,797 images of 8×8). text are the characters of a UTF-8 file; tokens "
                        + "are numbers that another tool made of a text (.bin or .npy; of several files one text in the order of their "
                        + "names; `val` or `test` in a name makes it validation or test). Both are for models that begin with an "
                        + "embedding, whose default is synthetic. images are refused in this version."),
                RecipeKey(
                    "path", "path", "", only: files,
                    "A folder for idx and npy, a file for csv and text, either for tokens. Must be given for these."),
                RecipeKey(
                    "validation", "number", "0.2",
                    "The part of the training data kept for validation; 0 keeps none. Of a text it is the end."),
                RecipeKey("shuffle", "true or false", "true", "Whether each epoch goes through the training data in a new order."),
                RecipeKey("split", "section, or how", "", "How validation data are chosen: see `data.split`."),
                RecipeKey(
                    "normalize", "section", "", only: images,
                    "Shift and scale of the values, after bytes have become value / 255 (digits: value / 16): see `data.normalize`."),
                RecipeKey(
                    "test", "path or number", "", only: files,
                    "Where test data come from: a file of its own (csv, text, tokens), or a part taken off before the validation data. "
                        + "Folders of idx, npy and tokens may hold test files, which are found without it."
                ),
                RecipeKey(
                    "target", "text", "the last column", only: ["csv"],
                    "The column to be predicted; for a regression also several, separated by commas."),
                RecipeKey(
                    "categorical", "list of texts", "[]", only: ["csv"],
                    "Columns of numbers that are really names of categories. Columns of words are so anyway."),
                RecipeKey("ignore", "list of texts", "[]", only: ["csv"], "Columns to leave out."),
                RecipeKey("separator", "text", "\",\"", only: ["csv"], "What stands between columns."),
                RecipeKey(
                    "standardize", "true or false", "true", only: ["csv"],
                    "Whether numeric columns are shifted to mean 0 and scaled to deviation 1, by figures of the training data."),
                RecipeKey("inputs", "text", "x.npy", only: ["npy"], "The file of inputs in the folder."),
                RecipeKey("targets", "text", "y.npy", only: ["npy"], "The file of targets in the folder."),
                RecipeKey("test_inputs", "text", "x_test.npy", only: ["npy"], "The file of test inputs, where there is one."),
                RecipeKey("test_targets", "text", "y_test.npy", only: ["npy"], "The file of test targets, where there is one."),
                RecipeKey(
                    "length", "whole number", "", only: texts,
                    "Tokens of a sample. It is the model's input, and only there to be checked against it."),
                RecipeKey(
                    "stride", "whole number", "", only: texts,
                    "Tokens from the beginning of a training sample to that of the next; without it the length, so that samples lie end "
                        + "to end. Validation and test samples always do."),
                RecipeKey(
                    "vocabulary", "whole number", "", only: ["tokens"],
                    "How many tokens there are. It is the model's vocabulary, and only there to be checked against it."),
                RecipeKey(
                    "element", "uint16 or uint32", "", only: ["tokens"],
                    "The words of .bin files; without it uint16 where that holds the vocabulary. .npy files say it themselves."),
                RecipeKey(
                    "kind", "linear-binary, blobs, regression or chain", "what fits the loss", only: ["synthetic"],
                    "The rule that the samples follow."),
                RecipeKey("samples", "whole number", "4000", only: ["synthetic"], "How many samples to train and validate on."),
                RecipeKey("test_samples", "whole number", "1000", only: ["synthetic"], "How many samples to test on."),
                RecipeKey(
                    "noise", "number", "the kind's own", only: ["synthetic"],
                    "How far samples stray: of linear-binary the part of wrong labels (0.01), of blobs the clouds' deviation (0.5), "
                        + "of regression the deviation of the noise added (0.1), of chain (tokens) the part that follows no rule (0.1)."),
            ]),
        RecipeSection(
            "data.split", about: "How validation data are chosen from the training data.", shorthand: "how",
            keys: [
                RecipeKey(
                    "how", "tail, shuffled or stratified", "tail; stratified for csv",
                    "tail takes the last samples in file order; shuffled takes random ones; stratified takes random ones of each class "
                        + "alike."
                )
            ]),
        RecipeSection(
            "data.normalize", about: "Every value becomes (value − mean) / std.",
            keys: [
                RecipeKey("mean", "number or list of numbers", "", "For all values, or one for each channel. Must be given."),
                RecipeKey("std", "number or list of numbers", "", "For all values, or one for each channel. Must be given."),
            ]),
    ]
}
