// An LSTM layer over a whole sequence.

static void ck_fill_lstm(ck_table *t) { (void)t; }
