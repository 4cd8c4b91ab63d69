// Depthwise convolution and pooling: channels are the lanes.

// `pixels` and `nv` are constants at every call; `left` counts the channels from c on.
INLINE void depthwise_block(const size_t pixels, const size_t nv, const float *const *rows, size_t taps,
                            const ptrdiff_t *tap_offsets, size_t channels, const float *weights, const float *bias,
                            V low, V high, float *out, size_t out_stride, size_t c, size_t left) {
    V sums[4][2];
#pragma clang loop unroll(full)
    for (size_t p = 0; p < pixels; p++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < nv; v++) sums[p][v] = 0;
    for (size_t t = 0; t < taps; t++) {
        const ptrdiff_t offset = tap_offsets[t] + (ptrdiff_t)c;
#pragma clang loop unroll(full)
        for (size_t v = 0; v < nv; v++) {
            const V w = load_n(weights + t * channels + c + v * VL, left - v * VL, 0);
#pragma clang loop unroll(full)
            for (size_t p = 0; p < pixels; p++) sums[p][v] += load_n(rows[p] + offset + v * VL, left - v * VL, 0) * w;
        }
    }
#pragma clang loop unroll(full)
    for (size_t v = 0; v < nv; v++) {
        const V b = bias ? load_n(bias + c + v * VL, left - v * VL, 0) : 0;
#pragma clang loop unroll(full)
        for (size_t p = 0; p < pixels; p++)
            store_n(out + p * out_stride + c + v * VL, clamp(sums[p][v] + b, low, high), left - v * VL);
    }
}

INLINE void depthwise_pixels(const size_t pixels, const float *const *rows, size_t taps, const ptrdiff_t *tap_offsets,
                             size_t channels, const float *weights, const float *bias, V low, V high, float *out,
                             size_t out_stride) {
    size_t c = 0;
    for (; c + 2 * VL <= channels; c += 2 * VL)
        depthwise_block(pixels, 2, rows, taps, tap_offsets, channels, weights, bias, low, high, out, out_stride, c,
                        2 * VL);
    for (; c + VL <= channels; c += VL)
        depthwise_block(pixels, 1, rows, taps, tap_offsets, channels, weights, bias, low, high, out, out_stride, c, VL);
    if (c < channels)
        depthwise_block(pixels, 1, rows, taps, tap_offsets, channels, weights, bias, low, high, out, out_stride, c,
                        channels - c);
}

static void depthwise(size_t pixels, const float *const *rows, size_t taps, const ptrdiff_t *tap_offsets,
                      size_t channels, size_t multiplier, const float *weights, const float *bias, float low,
                      float high, float *out, size_t out_stride) {
    if (multiplier != 1) {
        kk_f32_depthwise(pixels, rows, taps, tap_offsets, channels, multiplier, weights, bias, low, high, out,
                         out_stride);
        return;
    }
    size_t p = 0;
    for (; p + 4 <= pixels; p += 4)
        depthwise_pixels(4, rows + p, taps, tap_offsets, channels, weights, bias, low, high, out + p * out_stride,
                         out_stride);
    for (; p < pixels; p++)
        depthwise_pixels(1, rows + p, taps, tap_offsets, channels, weights, bias, low, high, out + p * out_stride,
                         out_stride);
}

INLINE V pool_max(V so_far, V x) { return larger(so_far, x); }
INLINE V pool_sum(V so_far, V x) { return so_far + x; }
INLINE V pool_as_is(V x, float divisor) { return (void)divisor, x; }
INLINE V pool_divide(V x, float divisor) { return x / divisor; }

// nv vectors of channels at once, so that the window's loops are paid once for all of them.
#define POOL_BLOCK(nv, start, join, finish, divisor, left) \
    { \
        V all[nv]; \
        _Pragma("clang loop unroll(full)") for (size_t v = 0; v < nv; v++) all[v] = (start); \
        for (size_t d = 0; d < nd; d++) \
            for (size_t h = 0; h < nh; h++) { \
                const float *cell = in + (ptrdiff_t)d * sd + (ptrdiff_t)h * sh + c; \
                for (size_t w = 0; w < nw; w++, cell += sw) \
                    _Pragma("clang loop unroll(full)") for (size_t v = 0; v < nv; v++) \
                        all[v] = join(all[v], load_n(cell + v * VL, left, 0)); \
            } \
        _Pragma("clang loop unroll(full)") for (size_t v = 0; v < nv; v++) \
            store_n(out + c + v * VL, finish(all[v], divisor), left); \
        c += nv * VL; \
    }
#define POOL_WINDOWS(start, join, finish, divisor) \
    for (size_t i = 0; i < count; i++, in += step, out += channels) { \
        size_t c = 0; \
        while (c + 4 * VL <= channels) POOL_BLOCK(4, start, join, finish, divisor, VL) \
        while (c + 2 * VL <= channels) POOL_BLOCK(2, start, join, finish, divisor, VL) \
        while (c + VL <= channels) POOL_BLOCK(1, start, join, finish, divisor, VL) \
        if (c < channels) POOL_BLOCK(1, start, join, finish, divisor, channels - c) \
    }
// The window of nearly every model, with its size known: the loops go away.
#define POOL(start, join, finish, divisor) \
    if (nd == 1 && nh == 2 && nw == 2) { \
        enum { nd = 1, nh = 2, nw = 2 }; \
        POOL_WINDOWS(start, join, finish, divisor) \
    } else { \
        POOL_WINDOWS(start, join, finish, divisor) \
    }

static void max_pool(const float *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                     size_t nw, ptrdiff_t sw, size_t channels, float *out) {
    POOL(-INFINITY, pool_max, pool_as_is, 0)
}

static void sum_pool(const float *in, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                     size_t nw, ptrdiff_t sw, size_t channels, float divisor, float *out) {
    POOL(0, pool_sum, pool_divide, divisor)
}
#undef POOL
#undef POOL_WINDOWS
#undef POOL_BLOCK
