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
typedef enum ck_isa { CK_SWIFT, CK_GENERIC, CK_AVX2, CK_AVX512, CK_AMX, CK_NEON } ck_isa;

// In the order of Swift's `Activation`.
typedef enum ck_activation { CK_IDENTITY, CK_RELU, CK_GELU, CK_GELU_TANH, CK_SIGMOID, CK_TANH } ck_activation;

// log1p only for 0 <= x <= 1.
typedef enum ck_elementary { CK_EXP, CK_LOG, CK_LOG1P, CK_ERF } ck_elementary;

// The geometry of a convolution or pooling for one sample (Swift's `WindowShape`).
typedef struct ck_window {
    ptrdiff_t input_height, input_width, input_channels;
    ptrdiff_t kernel_height, kernel_width;
    ptrdiff_t stride_height, stride_width;
    ptrdiff_t pad_top, pad_left, pad_bottom, pad_right;
    ptrdiff_t output_height, output_width, output_channels;
} ck_window;

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
    // The register tile: rows and columns of c that one micro-kernel keeps in registers.
    ptrdiff_t tile_rows, tile_columns;

    // c[M,N] = activation(a·b + bias (+ c)); a is [K,M] if transpose_a, b is [N,K] if transpose_b; bias may be null.
    void (*matmul)(int transpose_a, int transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                   const float *bias, ck_activation activation, int accumulate, float *c, float *workspace);
    void (*column_sums)(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *sums);

    void (*activate)(ck_activation kind, ptrdiff_t count, const float *x, float *y);
    // One of the functions that the others are made of: tests hold each to its bound.
    void (*elementary)(ck_elementary function, ptrdiff_t count, const float *x, float *y);
    void (*activation_gradient)(ck_activation kind, ptrdiff_t count, const float *saved, const float *dy, float *dx);
    void (*add)(ptrdiff_t count, const float *a, const float *b, float *c);
    void (*subtract)(ptrdiff_t count, const float *a, const float *b, float *c);
    void (*multiply)(ptrdiff_t count, const float *a, const float *b, float *c);
    void (*scale)(ptrdiff_t count, const float *a, float factor, float *c);
    void (*add_in_place)(ptrdiff_t count, const float *a, float *b);  // b += a
    double (*sum_of_squares)(ptrdiff_t count, const float *x);
    // y = x · (word < threshold ? 0 : kept), one Philox word per element, keyed by row and layer.
    void (*dropout)(ptrdiff_t rows, ptrdiff_t columns, uint32_t threshold, float kept, uint64_t layer_key, const uint64_t *row_keys,
                    const float *x, float *y);

    void (*convolve)(ptrdiff_t rows, const ck_window *shape, const float *x, const float *weights, const float *bias,
                     ck_activation activation, float *y, float *workspace);
    void (*convolution_input_gradient)(ptrdiff_t rows, const ck_window *shape, const float *dy, const float *weights, float *dx,
                                       float *workspace);
    void (*convolution_weight_gradient)(ptrdiff_t rows, const ck_window *shape, const float *x, const float *dy, float *dw,
                                        float *workspace);
    void (*convolve_pool)(ptrdiff_t rows, const ck_window *shape, const ck_window *pool, const float *x, const float *weights,
                          const float *bias, int relu, float *y, uint8_t *winners, float *workspace);
    // bias_gradient and dx may be null: not wanted.
    void (*convolve_pool_gradients)(ptrdiff_t rows, const ck_window *shape, const ck_window *pool, const float *x,
                                    const float *weights, int relu, const float *y, const uint8_t *winners, const float *dy, float *dw,
                                    float *bias_gradient, float *dx, float *workspace);

    void (*max_pool)(ptrdiff_t rows, const ck_window *pool, const float *x, float *y, uint8_t *winners);
    void (*max_pool_gradient)(ptrdiff_t rows, const ck_window *pool, const uint8_t *winners, const float *dy, float *dx);
    void (*average_pool)(ptrdiff_t rows, const ck_window *pool, int counts_pad, const float *x, float *y);
    void (*average_pool_gradient)(ptrdiff_t rows, const ck_window *pool, int counts_pad, const float *dy, float *dx);

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
} ck_table;

// The highest level that the processor and the operating system carry, whatever the environment says.
ck_isa ck_detect(void);

// The table of a level, which must not be above what `ck_detect` says; null for CK_SWIFT. A level without kernels of its own has the
// next lower one's.
const ck_table *ck_kernels(ck_isa level);

// The sixteen-lane bodies of AVX-512 compiled for AVX2, so that they can be tested where there is no AVX-512; null without AVX2.
const ck_table *ck_wide_kernels_for_tests(void);

// Elements of workspace; the same for every level.
ptrdiff_t ck_matmul_workspace(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);
ptrdiff_t ck_convolution_workspace(const ck_window *shape);
ptrdiff_t ck_convolve_pool_workspace(const ck_window *shape, const ck_window *pool);

#endif
