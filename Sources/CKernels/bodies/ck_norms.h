// Layer and batch normalisation.

#include "ck_storage.h"
#include "ck_norms_layer.h"
#include "ck_norms_batch.h"

static void ck_fill_norms(ck_table *t) {
    t->layer_norm = ck_layer_norm;
    t->layer_norm_gradient = ck_layer_norm_gradient;
    t->batch_norm_statistics = ck_batch_norm_statistics;
    t->batch_norm = ck_batch_norm;
    t->batch_norm_gradient = ck_batch_norm_gradient;
}
