// Attention in bf16 tiles.

static void ck_fill_amx_attention(ck_table *t) { (void)t; }
