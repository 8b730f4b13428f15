// Which taps of a window reach into the image, along one axis. A convolution and its input gradient are both
//   out[o] = Σ over taps t of in[position of t at o] · weights[t],
// and positions in the padding are left out: nothing is multiplied by their zeros, and no bordered copy is needed. Neighbours with the
// same taps form a run, so that whatever shares a run shares its list of taps: a register tile's rows, or a pair of tiles.

#ifndef CK_CONV_AXIS_H
#define CK_CONV_AXIS_H

// Tap t of the packed weights reads `from` at the first position of the run, and `advance` further at each next one.
typedef struct ck_axis_tap {
    ptrdiff_t tap, from;
} ck_axis_tap;

// Outputs first, first + step, …
typedef struct ck_run {
    ptrdiff_t first, count, taps;
    const ck_axis_tap *tap;
} ck_run;

typedef struct ck_axis {
    ptrdiff_t runs, step, advance;
    ck_run *run;
} ck_axis;

// The extents of one axis; `backward` is the input gradient: `out` and `in` are then the image's and the map's.
typedef struct ck_axis_shape {
    ptrdiff_t out, in, kernel, stride, dilation, pad;
    int backward;
} ck_axis_shape;

// Takes bytes, aligned to 64, from the front of a workspace. Sizes are sums of ck_conv_bytes.
static inline ptrdiff_t ck_conv_bytes(ptrdiff_t bytes) { return (bytes + 63) / 64 * 64; }
static inline void *ck_conv_take(char **workspace, ptrdiff_t bytes) {
    char *p = *workspace;
    *workspace = p + ck_conv_bytes(bytes);
    return p;
}

static inline ptrdiff_t ck_axis_bytes(const ck_axis_shape *s) {
    return ck_conv_bytes(s->out * (ptrdiff_t)sizeof(ck_run)) + ck_conv_bytes(s->out * s->kernel * (ptrdiff_t)sizeof(ck_axis_tap));
}

// The taps of one output. Backward the taps are numbered in reverse, so that positions ascend with them.
static ptrdiff_t ck_axis_taps(const ck_axis_shape *s, ptrdiff_t o, ck_axis_tap *to) {
    ptrdiff_t n = 0;
    for (ptrdiff_t t = 0; t < s->kernel; t++) {
        ptrdiff_t from;
        if (s->backward) {
            from = o + s->pad - (s->kernel - 1 - t) * s->dilation;
            if (from < 0 || from % s->stride != 0) continue;
            from /= s->stride;
        } else {
            from = o * s->stride + t * s->dilation - s->pad;
        }
        if (from >= 0 && from < s->in) to[n++] = (ck_axis_tap){.tap = t, .from = from};
    }
    return n;
}

static ck_axis ck_axis_of(const ck_axis_shape *s, char **workspace) {
    ck_axis axis = {.step = s->backward ? s->stride : 1, .advance = s->backward ? 1 : s->stride};
    axis.run = ck_conv_take(workspace, s->out * (ptrdiff_t)sizeof(ck_run));
    ck_axis_tap *to = ck_conv_take(workspace, s->out * s->kernel * (ptrdiff_t)sizeof(ck_axis_tap));
    for (ptrdiff_t phase = 0; phase < axis.step && phase < s->out; phase++) {
        ck_run *last = 0;
        for (ptrdiff_t o = phase; o < s->out; o += axis.step) {
            const ptrdiff_t taps = ck_axis_taps(s, o, to);
            int same = last && last->taps == taps;
            for (ptrdiff_t i = 0; same && i < taps; i++)
                same = to[i].tap == last->tap[i].tap && to[i].from == last->tap[i].from + last->count * axis.advance;
            if (same) {
                last->count++;
            } else {
                last = &axis.run[axis.runs++];
                *last = (ck_run){.first = o, .count = 1, .taps = taps, .tap = to};
                to += taps;
            }
        }
    }
    return axis;
}

// A convolution or its input gradient, one group's channels: k in, n out; images are dense with in_channels and out_channels a pixel.
typedef struct ck_pass {
    ck_axis_shape y, x;
    ptrdiff_t k, n, in_channels, out_channels, groups, taps;
    // Elements of an image.
    ptrdiff_t in, out;
} ck_pass;

static ck_pass ck_pass_of(const ck_window *w, int backward) {
    const ptrdiff_t channels = w->input_channels, filters = w->output_channels;
    ck_pass p = {
        .y = {w->output_height, w->input_height, w->kernel_height, w->stride_height, w->dilation_height, w->pad_top, 0},
        .x = {w->output_width, w->input_width, w->kernel_width, w->stride_width, w->dilation_width, w->pad_left, 0},
        .k = channels / w->groups,
        .n = filters / w->groups,
        .in_channels = channels,
        .out_channels = filters,
        .groups = w->groups,
        .taps = w->kernel_height * w->kernel_width,
    };
    if (backward) {
        p.y = (ck_axis_shape){p.y.in, p.y.out, p.y.kernel, p.y.stride, p.y.dilation, p.y.pad, 1};
        p.x = (ck_axis_shape){p.x.in, p.x.out, p.x.kernel, p.x.stride, p.x.dilation, p.x.pad, 1};
        p.k = filters / w->groups;
        p.n = channels / w->groups;
        p.in_channels = filters;
        p.out_channels = channels;
    }
    p.in = p.y.in * p.x.in * p.in_channels;
    p.out = p.y.out * p.x.out * p.out_channels;
    return p;
}

// The weight that multiplies channel k of a pass' input into channel n of its output at a tap, as an offset in [kh, kw, C/groups, F].
static inline ptrdiff_t ck_pass_weight(const ck_pass *p, ptrdiff_t group, ptrdiff_t tap, ptrdiff_t k, ptrdiff_t n) {
    if (!p->y.backward) return (tap * p->k + k) * p->out_channels + group * p->n + n;
    return ((p->taps - 1 - tap) * p->n + n) * p->in_channels + group * p->k + k;
}

// The most input rows that `lines` output rows reach into.
static inline ptrdiff_t ck_conv_reach(const ck_pass *p, ptrdiff_t lines) {
    const ptrdiff_t span = (p->y.kernel - 1) * p->y.dilation;
    const ptrdiff_t reach = p->y.backward ? (lines - 1 + span) / p->y.stride + 1 : (lines - 1) * p->y.stride + span + 1;
    return ck_smaller(reach, p->y.in);
}

// A run of both operands: `length` steps from element `from` of one and `at` of the other.
typedef struct ck_conv_span {
    ptrdiff_t from, at, length;
} ck_conv_span;

#endif
