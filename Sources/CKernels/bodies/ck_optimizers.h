// Optimiser updates: one pass over one slice. The recurrences are written in Swift's OptimizerSteps.

static void ck_sgd_update(const ck_sgd *s, ptrdiff_t count, const float *g, float *p, float *buffer) {
    const f16 decay = f16_set(s->weight_decay), rate = f16_set(-s->rate), momentum = f16_set(s->momentum);
    if (s->momentum == 0.0f) {
        CK_EACH(count, {
            f16 w = CK_GET(p);
            CK_PUT(p, CK_MULADD(rate, CK_MULADD(decay, w, CK_GET(g) * s->scale), w));
        });
        return;
    }
    CK_EACH(count, {
        f16 w = CK_GET(p);
        f16 d = CK_MULADD(decay, w, CK_GET(g) * s->scale);
        f16 b = s->first ? d : CK_MULADD(momentum, CK_GET(buffer), d * s->fresh);
        CK_PUT(buffer, b);
        d = s->nesterov ? CK_MULADD(momentum, b, d) : b;
        CK_PUT(p, CK_MULADD(rate, d, w));
    });
}

static void ck_adagrad_update(const ck_adagrad *s, ptrdiff_t count, const float *g, float *p, float *sum) {
    const f16 decay = f16_set(s->weight_decay);
    CK_EACH(count, {
        f16 w = CK_GET(p);
        f16 d = CK_MULADD(decay, w, CK_GET(g) * s->scale);
        f16 h = CK_MULADD(d, d, CK_GET(sum));
        CK_PUT(sum, h);
        CK_PUT(p, w - s->rate * d / (f16_sqrt(h) + s->epsilon));
    });
}

static void ck_rmsprop_update(const ck_rmsprop *s, ptrdiff_t count, const float *g, float *p, float *square, float *average,
                              float *buffer) {
    const f16 decay = f16_set(s->weight_decay), alpha = f16_set(s->alpha), fresh = f16_set(s->fresh);
    const f16 rate = f16_set(-s->rate), momentum = f16_set(s->momentum);
    CK_EACH(count, {
        f16 w = CK_GET(p);
        f16 d = CK_MULADD(decay, w, CK_GET(g) * s->scale);
        f16 v = CK_MULADD(alpha, CK_GET(square), fresh * (d * d));
        CK_PUT(square, v);
        f16 spread = v;
        if (average) {
            f16 a = CK_GET(average);
            a = CK_MULADD(fresh, d - a, a);
            CK_PUT(average, a);
            spread = CK_MULADD(-a, a, v);
        }
        f16 direction = d / (f16_sqrt(spread) + s->epsilon);
        if (buffer) {
            direction = CK_MULADD(momentum, CK_GET(buffer), direction);
            CK_PUT(buffer, direction);
        }
        CK_PUT(p, CK_MULADD(rate, direction, w));
    });
}

// Lines of four streams, asked for before the root and the division of what is at hand fill the processor's window. Beyond an array's end
// a prefetch does nothing.
enum { CK_ADAM_AHEAD = 512 };
static void ck_adam_update(const ck_adam *s, ptrdiff_t count, const float *g, float *p, float *first, float *second) {
    const f16 decay = f16_set(s->weight_decay), fresh1 = f16_set(s->fresh1), beta2 = f16_set(s->beta2);
    // Times the reciprocal rather than divided by the correction: half a unit in the last place for one division less.
    const f16 correction = f16_set(1.0f / s->correction), epsilon = f16_set(s->epsilon);
    CK_EACH(count, {
        __builtin_prefetch(g + i + CK_ADAM_AHEAD, 0, 3);
        __builtin_prefetch(p + i + CK_ADAM_AHEAD, 1, 3);
        __builtin_prefetch(first + i + CK_ADAM_AHEAD, 1, 3);
        __builtin_prefetch(second + i + CK_ADAM_AHEAD, 1, 3);
        f16 w = CK_GET(p) * s->shrink;
        f16 d = CK_MULADD(decay, w, CK_GET(g) * s->scale);
        f16 m = CK_GET(first);
        m = CK_MULADD(fresh1, d - m, m);
        CK_PUT(first, m);
        f16 v = CK_MULADD(beta2, CK_GET(second), s->fresh2 * (d * d));
        CK_PUT(second, v);
        CK_PUT(p, w - s->rate * m / CK_MULADD(f16_sqrt(v), correction, epsilon));
    });
}
