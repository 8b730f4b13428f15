// The border between Swift and the C kernels: one table of functions per level of instructions.
//
// Letters: B batch rows, H W height and width, C channels in, F filters or features out, K contraction length, M rows, N columns.
// Everything is dense and row-major; images are NHWC; convolution weights are [kh, kw, C, F]. Outputs are stored, not added to,
// unless a comment says so. What each function promises about order and rounding is said once, in Swift's `KernelSet`.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// The levels, in the order of Swift's `InstructionSet`.
typedef enum ck_isa { CK_SWIFT, CK_GENERIC, CK_AVX2, CK_AVX512, CK_AVX512_BF16, CK_AMX, CK_NEON } ck_isa;

// How the elements of an activation are stored: fp32, or the upper half of one, rounded to nearest even (Swift's `StorageType`).
typedef enum ck_dtype { CK_F32, CK_BF16 } ck_dtype;

// Elements to read or to write; null data is an absent operand.
typedef struct ck_in {
    const void *data;
    ck_dtype type;
} ck_in;
typedef struct ck_out {
    void *data;
    ck_dtype type;
} ck_out;

// In the order of Swift's `Activation`.
typedef enum ck_activation { CK_IDENTITY, CK_RELU, CK_GELU, CK_GELU_TANH, CK_SIGMOID, CK_TANH } ck_activation;

// log1p only for 0 <= x <= 1; the exponential of a wide cross-entropy only for x <= 0; attention's powers of two, in fp32 and in bf16.
typedef enum ck_elementary { CK_EXP, CK_LOG, CK_LOG1P, CK_ERF, CK_LOSS_EXP, CK_ATTENTION_EXP2, CK_ATTENTION_EXP2_BF16 } ck_elementary;

// The geometry of a convolution or pooling for one sample (Swift's `WindowShape`).
typedef struct ck_window {
    ptrdiff_t input_height, input_width, input_channels;
    ptrdiff_t kernel_height, kernel_width;
    ptrdiff_t stride_height, stride_width;
    ptrdiff_t pad_top, pad_left, pad_bottom, pad_right;
    ptrdiff_t output_height, output_width, output_channels;
    // 1 and 1 unless said otherwise. Each of `groups` groups of C/groups input channels feeds F/groups output channels.
    ptrdiff_t dilation_height, dilation_width, groups;
} ck_window;

// What happens to an element of a product or convolution on its way out, in this order; anything may be absent:
//   z = sum + bias;  slope = f'(z);  y = f(z);  y = gate > 0 ? y : 0, or y·gate;  y = y + residual
// slope, gate and residual are laid out like the output.
typedef enum ck_gate { CK_GATE_NONE, CK_GATE_OPEN, CK_GATE_FACTOR } ck_gate;
typedef struct ck_epilogue {
    const float *bias;
    ck_activation activation;
    ck_gate gate;
    ck_in gate_data;
    ck_in residual;
    ck_out slope;
} ck_epilogue;

// c[M,N] = epilogue(a·b (+ c if accumulate)), `batch` times. Element types of a and b are the same; the sum is fp32.
// Rows are *_row elements apart, members of a batch *_batch elements; with packed_b, b is what `pack` made of it (batch 1 only).
typedef struct ck_gemm {
    ptrdiff_t m, n, k, batch;
    int transpose_a, transpose_b, packed_b, accumulate;
    ck_in a, b;
    ck_out c;
    ptrdiff_t a_row, b_row, c_row, a_batch, b_batch, c_batch;
    ck_epilogue epilogue;
    // Form tn only, null if not wanted: Σ over k of b[k, N], in row order (the gradient of a bias).
    float *b_sums;
} ck_gemm;

// A part of a matrix may be packed at a time: rows, as the matrix lies, from a multiple of this on.
enum { CK_PACKING_ROWS = 64 };

// A matrix b[K,N] of weights, fp32, stored [N,K] if transposed, to be packed for products in `type`: its rows first..<end.
typedef struct ck_packing {
    ptrdiff_t k, n;
    int transposed;
    ck_dtype type;
    ptrdiff_t first, end;
} ck_packing;

// A convolution. Weights are fp32 [kh, kw, C/groups, F], or packed.
typedef struct ck_conv {
    ptrdiff_t rows;
    ck_window window;
    // What the products are computed in: operands that are stored otherwise are converted on the way.
    ck_dtype type;
    int packed_weights;
    // Whether the forward call also gathers statistics of what it stores, which takes workspace.
    int measures;
} ck_conv;

// Where the statistics of a convolution's output go: each channel's mean over all rows and pixels, and 1/sqrt(biased variance + epsilon),
// both 0 if there are no rows.
typedef struct ck_statistics {
    float epsilon;
    float *mean, *inverse;
} ck_statistics;

// Scaled dot-product attention over qkv[B, T, 3, H, S] (S the size of a head, width D = H·S): y[B, T, D].
typedef struct ck_attention {
    ptrdiff_t rows, length, heads, size;
    int causal;
    float scale;
    // Dropout of probabilities: element ((head·T + query)·T + key) of the row's stream; threshold 0 is none.
    uint32_t threshold;
    float kept;
    uint64_t layer_key;
    const uint64_t *row_keys;
} ck_attention;

// One layer of LSTM over x[B, T, D], hidden width H, from zero states; gates in PyTorch's order i, f, g, o.
typedef struct ck_lstm {
    ptrdiff_t rows, length, inputs, hidden;
    // The type of products; weights are packed for it if packed_weights.
    ck_dtype type;
    int packed_weights;
    // The level's own table, for its products.
    const struct ck_table *kernels;
} ck_lstm;
// One optimiser update, every constant already rounded to float (Swift's `AdamStep` and its like say what they mean).
typedef struct ck_sgd {
    float rate, momentum, fresh, weight_decay, scale;
    int nesterov, first;
} ck_sgd;
typedef struct ck_adagrad {
    float rate, epsilon, weight_decay, scale;
} ck_adagrad;
typedef struct ck_rmsprop {
    float rate, alpha, fresh, epsilon, momentum, weight_decay, scale;
} ck_rmsprop;
typedef struct ck_adam {
    float rate, fresh1, beta2, fresh2, correction, epsilon, shrink, weight_decay, scale;
} ck_adam;

typedef struct ck_table {
    ck_isa isa;

    // c[M,N] = activation(a·b + bias (+ c)); a is [K,M] if transpose_a, b is [N,K] if transpose_b; bias may be null.
    void (*matmul)(int transpose_a, int transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                   const float *bias, ck_activation activation, int accumulate, float *c, float *workspace);

    // One of the functions that the others are made of: tests hold each to its bound.
    void (*elementary)(ck_elementary function, ptrdiff_t count, const float *x, float *y);
    void (*subtract)(ptrdiff_t count, const float *a, const float *b, float *c);
    void (*scale)(ptrdiff_t count, const float *a, float factor, float *c);
    void (*add_in_place)(ptrdiff_t count, const float *a, float *b);  // b += a
    double (*sum_of_squares)(ptrdiff_t count, const float *x);

    void (*convolve_pool)(ptrdiff_t rows, const ck_window *shape, const ck_window *pool, const float *x, const float *weights,
                          const float *bias, int relu, float *y, uint8_t *winners, float *workspace);
    // bias_gradient and dx may be null: not wanted.
    void (*convolve_pool_gradients)(ptrdiff_t rows, const ck_window *shape, const ck_window *pool, const float *x,
                                    const float *weights, int relu, const float *y, const uint8_t *winners, const float *dy, float *dw,
                                    float *bias_gradient, float *dx, float *workspace);

    void (*softmax)(ptrdiff_t rows, ptrdiff_t columns, const float *x, float *y);
    void (*softmax_gradient)(ptrdiff_t rows, ptrdiff_t columns, const float *y, const float *dy, float *dx);
    // row_loss and gradient may each be null: not wanted.
    void (*softmax_cross_entropy)(ptrdiff_t rows, ptrdiff_t columns, const float *logits, const int32_t *classes, float scale,
                                  float *row_loss, float *gradient);
    void (*binary_cross_entropy)(ptrdiff_t rows, ptrdiff_t columns, const float *logits, const float *targets, float scale,
                                 float *row_loss, float *gradient);
    void (*mean_squared_error)(ptrdiff_t rows, ptrdiff_t columns, const float *predictions, const float *targets, float scale,
                               float *row_loss, float *gradient);

    void (*sgd)(const ck_sgd *step, ptrdiff_t count, const float *g, float *p, float *buffer);
    void (*adagrad)(const ck_adagrad *step, ptrdiff_t count, const float *g, float *p, float *sum);
    // average is null unless centered, buffer is null without momentum.
    void (*rmsprop)(const ck_rmsprop *step, ptrdiff_t count, const float *g, float *p, float *square, float *average, float *buffer);
    void (*adam)(const ck_adam *step, ptrdiff_t count, const float *g, float *p, float *first, float *second);

    // Only tile_peak and conv_prefers_pooled may be null. Workspaces and packed sizes are in bytes.

    // MARK: Yardsticks (bodies/ck_peak.h, amx/ck_amx_peak.h): products in registers; floating-point operations done. sink: 256 floats.
    double (*peak)(ptrdiff_t rounds, float *sink);
    double (*tile_peak)(ptrdiff_t rounds, float *sink);

    // MARK: Products (bodies/ck_gemm.h, amx/ck_amx_gemm.h)
    ptrdiff_t (*gemm_workspace)(const ck_gemm *g);
    void (*gemm)(const ck_gemm *g, void *workspace);
    // Whether a product whose b is weights runs faster on packed ones: the cost table's answer.
    int (*prefers_packed)(const ck_gemm *g);
    ptrdiff_t (*packed_bytes)(const ck_packing *p);
    void (*pack)(const ck_packing *p, const float *weights, void *packed);

    // MARK: Convolutions (bodies/ck_conv.h, amx/ck_amx_conv.h)
    ptrdiff_t (*conv_workspace)(const ck_conv *g);
    // `statistics` are those of y as it is stored; null unless g->measures.
    void (*conv)(const ck_conv *g, ck_in x, const void *weights, const ck_epilogue *epilogue, ck_out y, const ck_statistics *statistics,
                 void *workspace);
    // The epilogue is that of dx: a gate or a residual.
    void (*conv_input_gradient)(const ck_conv *g, ck_in dy, const void *weights, const ck_epilogue *epilogue, ck_out dx, void *workspace);
    // bias_gradient may be null.
    void (*conv_weight_gradient)(const ck_conv *g, ck_in x, ck_in dy, float *dw, float *bias_gradient, void *workspace);
    ptrdiff_t (*conv_packed_bytes)(const ck_conv *g, int for_input_gradient);
    void (*conv_pack)(const ck_conv *g, int for_input_gradient, const float *weights, void *packed);
    // Whether the pooled convolution, which computes in fp32, is faster than this one and a pooling after it. Null: always.
    int (*conv_prefers_pooled)(const ck_conv *g);

    // MARK: Attention (bodies/ck_attention.h, amx/ck_amx_attention.h)
    ptrdiff_t (*attention_workspace)(const ck_attention *g, ck_dtype type);
    // statistics[B, H, T] is the logarithm of each query's sum of exponentials.
    void (*attention)(const ck_attention *g, ck_in qkv, ck_out y, float *statistics, void *workspace);
    void (*attention_gradient)(const ck_attention *g, ck_in qkv, ck_in y, const float *statistics, ck_in dy, ck_out dqkv, void *workspace);

    // MARK: LSTM (bodies/ck_lstm.h)
    ptrdiff_t (*lstm_workspace)(const ck_lstm *g, ck_dtype x_type);
    // Weights: wx[D, 4H] and wh[H, 4H] as fp32, or packed as b of a plain product. y[B, T, H]; `saved` has 5·B·T·H elements, the gates
    // after their functions and the cell, in an order of the level's own. bias is [4H] twice: of the input and of the hidden product.
    void (*lstm)(const ck_lstm *g, ck_in x, const void *wx, const void *wh, const float *bias_x, const float *bias_h, ck_out y,
                 ck_out saved, void *workspace);
    // wx and wh as b of dgates·Wᵀ: packed with transposed = 1 (from the stored [D, 4H]), or fp32 as stored. dx may be absent.
    void (*lstm_gradient)(const ck_lstm *g, ck_in x, const void *wx, const void *wh, ck_in y, ck_in saved, ck_in dy, ck_out dx, float *dwx,
                          float *dwh, float *dbias_x, float *dbias_h, void *workspace);

    // MARK: Normalisation (bodies/ck_norms.h); `columns` is the normalised width
    // mean and inverse are [rows].
    void (*layer_norm)(ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, const float *gain, const float *shift, ck_out y,
                       float *mean, float *inverse);
    // dx = the gradient + residual, which may be absent. shift_gradient may be null.
    void (*layer_norm_gradient)(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *gain, const float *mean, const float *inverse,
                                ck_in dy, ck_in residual, ck_out dx, float *gain_gradient, float *shift_gradient);
    // Statistics of each column over the rows: mean, and 1/sqrt(biased variance + epsilon).
    void (*batch_norm_statistics)(ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, float *mean, float *inverse);
    // y = f((x − mean)·inverse·gain + shift + residual); residual may be absent.
    void (*batch_norm)(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *mean, const float *inverse, const float *gain,
                       const float *shift, ck_in residual, ck_activation activation, ck_out y);
    // y gates dy if the activation is relu, and may be absent otherwise. residual_gradient may be absent (it is the gated dy).
    void (*batch_norm_gradient)(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *mean, const float *inverse, const float *gain,
                                ck_activation activation, ck_in y, ck_in dy, ck_out dx, float *gain_gradient, float *shift_gradient,
                                ck_out residual_gradient);

    // MARK: Embedding (bodies/ck_embedding.h); traps are Swift's: indices have been checked
    // y[r, c] = table[index[r], c] + positions[r mod length, c]; positions may be null.
    void (*embedding)(ptrdiff_t rows, ptrdiff_t length, ptrdiff_t columns, const int32_t *index, const float *table,
                      const float *positions, ck_out y);
    // gradient[index[r], c] += dy[r, c] in ascending r; `accumulate` 0 stores zeros first.
    void (*embedding_gradient)(ptrdiff_t rows, ptrdiff_t vocabulary, ptrdiff_t columns, const int32_t *index, ck_in dy, int accumulate,
                               float *gradient);
    // sums[c] = Σ over rows of x[r, c] in ascending r, x of either type.
    void (*mixed_column_sums)(ptrdiff_t rows, ptrdiff_t columns, ck_in x, float *sums);

    // MARK: Elementwise on either type (bodies/ck_mixed.h); outputs may be exactly the memory of an input of the same type
    void (*convert)(ptrdiff_t count, ck_in x, ck_out y);
    void (*mixed_activate)(ck_activation kind, ptrdiff_t count, ck_in x, ck_out y);
    void (*mixed_activation_gradient)(ck_activation kind, ptrdiff_t count, ck_in saved, ck_in dy, ck_out dx);
    void (*mixed_add)(ptrdiff_t count, ck_in a, ck_in b, ck_out c);
    void (*mixed_multiply)(ptrdiff_t count, ck_in a, ck_in b, ck_out c);
    // y = x · (word < threshold ? 0 : kept), one Philox word per element, keyed by row and layer.
    void (*mixed_dropout)(ptrdiff_t rows, ptrdiff_t columns, uint32_t threshold, float kept, uint64_t layer_key,
                          const uint64_t *row_keys, ck_in x, ck_out y);
    // Losses of `positions` rows of logits each: row_loss[r] is their mean, the gradient's scale is divided by `positions`.
    // row_loss and gradient may be absent; the gradient may be exactly the memory of the logits.
    void (*sequence_cross_entropy)(ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t columns, ck_in logits, const int32_t *classes,
                                   float scale, float *row_loss, ck_out gradient);
    void (*mixed_max_pool)(ptrdiff_t rows, const ck_window *pool, ck_in x, ck_out y, uint8_t *winners);
    void (*mixed_max_pool_gradient)(ptrdiff_t rows, const ck_window *pool, const uint8_t *winners, ck_in dy, ck_out dx);
    void (*mixed_average_pool)(ptrdiff_t rows, const ck_window *pool, int counts_pad, ck_in x, ck_out y);
    void (*mixed_average_pool_gradient)(ptrdiff_t rows, const ck_window *pool, int counts_pad, ck_in dy, ck_out dx);
} ck_table;

// The highest level that the processor and the operating system carry, whatever the environment says.
ck_isa ck_detect(void);

// The table of a level, which must not be above what `ck_detect` says; null for CK_SWIFT. A level without kernels of its own has the
// next lower one's.
const ck_table *ck_kernels(ck_isa level);

// The sixteen-lane bodies of AVX-512 compiled for AVX2, so that they can be tested where there is no AVX-512; null without AVX2.
const ck_table *ck_wide_kernels_for_tests(void);

// Makes this thread take subnormal numbers as zero until `ck_restore_subnormals` gets what this returns: x86 traps into microcode for each,
// a hundred cycles or more.
unsigned ck_flush_subnormals(void);
void ck_restore_subnormals(unsigned before);

// Elements of workspace; the same for every level.
ptrdiff_t ck_matmul_workspace(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);
ptrdiff_t ck_convolve_pool_workspace(const ck_window *shape, const ck_window *pool);

#endif
