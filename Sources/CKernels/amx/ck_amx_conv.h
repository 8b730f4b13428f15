// Convolutions in bf16 tiles.

static void ck_fill_amx_conv(ck_table *t) { (void)t; }
