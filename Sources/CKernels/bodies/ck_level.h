// All bodies of one level and its table. Included once by each level's file, inside the region where functions get the level's
// instructions; every function is static, so no other level can be given them by the linker.

#include "ck_layout.h"
#include "ck_vector.h"
#include "ck_math.h"
#include "ck_storage.h"
#include "ck_elementwise.h"
#include "ck_losses.h"
#include "ck_optimizers.h"
#include "ck_strip.h"
#include "ck_strip_pack.h"
#include "ck_strip_product.h"
#include "ck_pooling.h"
#include "ck_convolution.h"
#include "ck_pair_pool.h"
#include "ck_pair_gradient.h"
#include "ck_convolve_pool.h"
#include "ck_peak.h"
#include "ck_gemm.h"
#include "ck_conv.h"
#include "ck_attention.h"
#include "ck_lstm.h"
#include "ck_norms.h"
#include "ck_embedding.h"
#include "ck_mixed.h"
#include "ck_elementary.h"

static void ck_fill(ck_table *t) {
    t->matmul = ck_matmul;
    t->elementary = ck_elementary_function;
    t->subtract = ck_subtract;
    t->scale = ck_scale;
    t->add_in_place = ck_add_in_place;
    t->sum_of_squares = ck_sum_of_squares;
    t->convolve_pool = ck_convolve_pool;
    t->convolve_pool_gradients = ck_convolve_pool_gradients;
    t->softmax = ck_softmax;
    t->softmax_gradient = ck_softmax_gradient;
    t->softmax_cross_entropy = ck_softmax_cross_entropy;
    t->binary_cross_entropy = ck_binary_cross_entropy;
    t->mean_squared_error = ck_mean_squared_error;
    t->sgd = ck_sgd_update;
    t->adagrad = ck_adagrad_update;
    t->rmsprop = ck_rmsprop_update;
    t->adam = ck_adam_update;
    ck_fill_peak(t);
    ck_fill_gemm(t);
    ck_fill_conv(t);
    ck_fill_attention(t);
    ck_fill_lstm(t);
    ck_fill_norms(t);
    ck_fill_embedding(t);
    ck_fill_mixed(t);
}
