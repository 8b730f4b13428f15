extension BuiltInRecipe {
    static let binaryClassifier = BuiltInRecipe(
        name: "binary-classifier", summary: "yes or no from 1,000 features, 1000-10-10-1, on synthetic data with a rule to find",
        yaml: """
            # Yes or no from 1,000 features, of which every twentieth tells a little; 1 % of the labels are wrong.
            name: binary-classifier
            seed: 42
            data: {format: synthetic, kind: linear-binary, samples: 5000, test_samples: 1000, validation: 0.2}
            model:
              input: [1000]
              layers:
                - dense: {units: 10, activation: relu}
                - dense: {units: 10, activation: relu}
                - dense: 1
                - sigmoid                    # part of the loss: the network's output is the logit
            loss: binary_cross_entropy
            optimizer: {name: adam, learning_rate: 1e-3}
            batch: 32
            epochs: 10
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 500, keep: 3}

            """)

    static let softmaxSmall = BuiltInRecipe(
        name: "softmax-small", summary: "two classes from three features, 3-10-2, on synthetic clouds of points",
        yaml: """
            # Two clouds of points in space, told apart.
            name: softmax-small
            seed: 42
            data: {format: synthetic, kind: blobs, samples: 2000, test_samples: 500, validation: 0.2}
            model:
              input: [3]
              layers:
                - dense: {units: 10, activation: relu}
                - dense: 2
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 1e-2}
            batch: 32
            epochs: 20
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 100, keep: 3}

            """)

    static let regression = BuiltInRecipe(
        name: "regression", summary: "a number from eight features by mean squared error, on synthetic data",
        yaml: """
            # A number instead of a class: the loss is the mean squared error, the figure to look at is r2.
            name: regression
            seed: 42
            data: {format: synthetic, kind: regression, samples: 4000, test_samples: 1000, validation: 0.2}
            model:
              input: [8]
              layers:
                - dense: {units: 32, activation: tanh}
                - dense: 1
            loss: mse
            optimizer: {name: adam, learning_rate: 1e-2}
            batch: 32
            epochs: 30
            quality:
              early_stopping: {metric: validation.loss, patience: 5}
            checkpoint: {every_steps: 200, keep: 3}

            """)
}
