// When a convolution and the max pooling after it are better apart: tiles need a contraction of some depth to beat the fp32 kernel that
// stores no map. With three channels and windows of 3×3 (depth 27) gathering windows costs more than tiles bring.

static int ck_amx_conv_prefers_pooled(const ck_conv *g) { return g->type != CK_BF16 || g->window.input_channels < 8; }
