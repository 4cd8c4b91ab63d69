// Pooling: channels are the lanes.

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
// The windows of nearly every model, with their size known: the loops go away.
#define POOL(start, join, finish, divisor) \
    if (nd == 1 && nh == 2 && nw == 2) { \
        enum { nd = 1, nh = 2, nw = 2 }; \
        POOL_WINDOWS(start, join, finish, divisor) \
    } else if (nd == 1 && nh == 3 && nw == 3) { \
        enum { nd = 1, nh = 3, nw = 3 }; \
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

// One vector of channels of one window: each lane gives what it has left to the first cell that has its maximum.
#define GIVE_BLOCK(left) \
    { \
        const V largest = load_n(y + c, left, 0); \
        V rest = load_n(dy + c, left, 0); \
        for (size_t d = 0; d < nd; d++) \
            for (size_t h = 0; h < nh; h++) { \
                const ptrdiff_t line = (ptrdiff_t)d * sd + (ptrdiff_t)h * sh + (ptrdiff_t)c; \
                for (size_t w = 0; w < nw; w++) { \
                    const ptrdiff_t at = line + (ptrdiff_t)w * sw; \
                    const VI is_it = load_n(x + at, left, 0) == largest; \
                    store_n(dx + at, load_n(dx + at, left, 0) + (V)((VI)rest & is_it), left); \
                    rest = (V)((VI)rest & ~is_it); \
                } \
            } \
    }
#define GIVE_WINDOWS \
    for (size_t i = 0; i < count; i++, x += step, dx += step, y += channels, dy += channels) { \
        size_t c = 0; \
        for (; c + VL <= channels; c += VL) GIVE_BLOCK(VL) \
        if (c < channels) GIVE_BLOCK(channels - c) \
    }

static void max_pool_gradient(const float *x, size_t count, ptrdiff_t step, size_t nd, ptrdiff_t sd, size_t nh, ptrdiff_t sh,
                              size_t nw, ptrdiff_t sw, size_t channels, const float *y, const float *dy, float *dx) {
    if (nd == 1 && nh == 2 && nw == 2) {
        enum { nd = 1, nh = 2, nw = 2 };
        GIVE_WINDOWS
    } else {
        GIVE_WINDOWS
    }
}
#undef GIVE_WINDOWS
#undef GIVE_BLOCK
#undef POOL
#undef POOL_WINDOWS
#undef POOL_BLOCK
