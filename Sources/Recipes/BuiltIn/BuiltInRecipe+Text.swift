extension BuiltInRecipe {
    static let charLSTM = BuiltInRecipe(
        name: "char-lstm", summary: "text, character by character, with two LSTM layers of 256 (give data.path)",
        yaml: """
            # The next character of a text: lockstep train char-lstm data.path=FILE, and then lockstep predict to have some written.
            name: char-lstm
            seed: 42
            data: {format: text, path: data/tinyshakespeare.txt, length: 256, validation: 0.1}
            model:
              input: [256]                   # characters of a sample
              layers:
                - embedding: {vocabulary: 65, width: 256}
                - lstm: 256
                - dropout: 0.2
                - lstm: 256
                - dropout: 0.2
                - dense: 65                  # a score for each character, at every position
            loss: softmax_cross_entropy
            optimizer: {name: adam, learning_rate: 2e-3, clip_norm: 1}
            schedule: {name: cosine, warmup_steps: 50, minimum_factor: 0.1}
            batch: 32
            steps: 2000
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 250, keep: 2}

            """)

    static let gptMini = BuiltInRecipe(
        name: "gpt-mini", summary: "text, character by character, with a GPT of 6 blocks, 10.8 million parameters (give data.path)",
        yaml: """
            # A small GPT on characters: lockstep train gpt-mini data.path=FILE precision=bf16
            name: gpt-mini
            seed: 42
            data: {format: text, path: data/tinyshakespeare.txt, length: 256, validation: 0.1}
            model:
              input: [256]
              layers:
                - embedding: {vocabulary: 65, width: 384, positions: true, std: 0.02, name: tokens}
                - repeat:
                    times: 6
                    layers:
                      - transformer: {heads: 6, activation: gelu_tanh, dropout: 0.1}
                - layernorm
                - head: tokens               # the embedding's own table gives the scores
            loss: softmax_cross_entropy
            optimizer: {name: adamw, learning_rate: 1e-3, weight_decay: 0.1, weight_decay_exclude: [bias], clip_norm: 1}
            schedule: {name: cosine, warmup_steps: 100, minimum_factor: 0.1}
            batch: 16
            steps: 1500
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 250, keep: 2}

            """)

    static let gpt2 = BuiltInRecipe(
        name: "gpt2", summary: "GPT-2 with 124 million parameters, on made-up tokens unless data are given",
        yaml: """
            # GPT-2, the smallest of its family. Tokens of your own: 'data={format: tokens, path: FOLDER}'
            name: gpt2
            seed: 42
            data: {format: synthetic, samples: 400, test_samples: 40, validation: 0.1}
            model:
              input: [256]                   # at most the 1,024 positions below
              layers:
                - embedding: {vocabulary: 50257, width: 768, positions: 1024, std: 0.02, name: tokens}
                - repeat:
                    times: 12
                    layers:
                      - transformer: {heads: 12, activation: gelu_tanh}
                - layernorm
                - head: tokens
            loss: softmax_cross_entropy
            optimizer: {name: adamw, learning_rate: 1e-4, weight_decay: 0.1, weight_decay_exclude: [bias], clip_norm: 1}
            schedule: {name: cosine, warmup_steps: 20, minimum_factor: 0.1}
            batch: 4
            steps: 200
            precision: bf16
            quality:
              early_stopping: {metric: validation.loss, patience: 3}
            checkpoint: {every_steps: 100, keep: 1}

            """)
}
