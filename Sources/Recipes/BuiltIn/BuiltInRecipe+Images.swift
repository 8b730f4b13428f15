extension BuiltInRecipe {
    static let digits = BuiltInRecipe(
        name: "digits", summary: "the bundled handwritten digits, 8×8: a small convolutional network, seconds to train",
        yaml: """
            # The bundled handwritten digits (1,797 real ones, 8×8 pixels): the recipe to try first.
            name: digits
            seed: 42
            data: {format: digits, validation: 0.2, shuffle: true}
            model:
              input: [8, 8, 1]
              layers:
                - conv2d: {filters: 32, kernel: 3, padding: same, activation: relu}
                - maxpool2d: 2
                - flatten
                - dense: {units: 64, activation: relu}
                - dense: 10
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 3e-3}
            batch: 32
            epochs: 60                       # it stops earlier:
            quality:
              early_stopping: {metric: validation.loss, patience: 5}
            checkpoint: {every_steps: 100, keep: 3}

            """)

    static let mnistCNN = BuiltInRecipe(
        name: "mnist-cnn", summary: "MNIST with one convolution: 98 % and more within five epochs (give data.path)",
        yaml: """
            # MNIST from its four IDX files, plain or gzip: lockstep train mnist-cnn data.path=FOLDER
            name: mnist-cnn
            seed: 42
            data: {format: idx, path: data/mnist, validation: 0.2, shuffle: true}
            model:
              input: [28, 28, 1]
              layers:
                - conv2d: {filters: 32, kernel: 3, activation: relu}
                - maxpool2d: 2
                - flatten
                - dense: {units: 64, activation: relu}
                - dense: 10
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 1e-3}
            schedule: {name: constant}
            batch: 32                        # global batch, in samples
            epochs: 5
            precision: fp32
            init: {from: null}
            parallel: {virtual_shards: auto, share: node, wire: fp32, bucket_bytes: auto}
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
              on_spike: rollback
            checkpoint: {every_steps: 500, keep: 3}
            output: runs/

            """)

    static let mnistMLP = BuiltInRecipe(
        name: "mnist-mlp", summary: "MNIST with dense layers only, 784-64-64-10 (give data.path)",
        yaml: """
            # MNIST by dense layers alone: lockstep train mnist-mlp data.path=FOLDER
            name: mnist-mlp
            seed: 42
            data: {format: idx, path: data/mnist, validation: 0.2, shuffle: true}
            model:
              input: [28, 28, 1]
              layers:
                - flatten
                - dense: {units: 64, activation: relu}
                - dense: {units: 64, activation: relu}
                - dense: 10
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 1e-3}
            batch: 32
            epochs: 5
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 500, keep: 3}

            """)
}
