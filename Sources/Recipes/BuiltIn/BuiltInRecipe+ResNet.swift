extension BuiltInRecipe {
    static let resnet18 = BuiltInRecipe(
        name: "resnet18", summary: "ResNet-18 for images of 32×32×3, 11 million parameters, on made-up images unless data are given",
        yaml: """
            # ResNet-18 as it is used for CIFAR-10. Images of your own: 'data={format: npy, path: FOLDER}'
            name: resnet18
            seed: 42
            data: {format: synthetic, kind: blobs, samples: 1000, test_samples: 200, validation: 0.2}
            model:
              input: [32, 32, 3]
              layers:
                - conv2d: {filters: 64, kernel: 3, padding: 1, bias: false}
                - batchnorm2d
                - relu
                - repeat:
                    times: 2
                    layers:
                      - residual:
                          layers:
                            - conv2d: {filters: 64, kernel: 3, padding: 1, bias: false}
                            - batchnorm2d
                            - relu
                            - conv2d: {filters: 64, kernel: 3, padding: 1, bias: false}
                            - batchnorm2d
                          activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 128, kernel: 3, stride: 2, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 128, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    shortcut: [{conv2d: {filters: 128, kernel: 1, stride: 2, bias: false}}, batchnorm2d]
                    activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 128, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 128, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 256, kernel: 3, stride: 2, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 256, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    shortcut: [{conv2d: {filters: 256, kernel: 1, stride: 2, bias: false}}, batchnorm2d]
                    activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 256, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 256, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 512, kernel: 3, stride: 2, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 512, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    shortcut: [{conv2d: {filters: 512, kernel: 1, stride: 2, bias: false}}, batchnorm2d]
                    activation: relu
                - residual:
                    layers:
                      - conv2d: {filters: 512, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                      - relu
                      - conv2d: {filters: 512, kernel: 3, padding: 1, bias: false}
                      - batchnorm2d
                    activation: relu
                - globalaveragepool2d
                - dense: 10
            loss: softmax_cross_entropy
            optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4}
            schedule: {name: cosine, warmup_steps: 20}
            batch: 32
            epochs: 5
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 100, keep: 2}

            """)
}
