// The product over a line of windows that lie evenly: what a first layer with few channels is made of. There the row pointers of
// `gemm` would cost as much as the sums; here they are one address and distances that are mostly known beforehand.

typedef struct {
    const float *x;
    ptrdiff_t step, line_step;
    size_t taps;
    const ptrdiff_t *tap_offsets;
    size_t tap_length;
    const kk_epilogue_f32 *epilogue;
    float *out;
    size_t out_stride;
} gemm_line_call;

// Windows i0 ..< i0 + mr. mr, nv and pool are constants at every call, and so is the step unless it is 0.
INLINE void gemm_line_block(const gemm_line_call *call, const size_t mr, const size_t nv, const size_t pool, const ptrdiff_t constant_step,
                            const float *packed, size_t i0, size_t j0, size_t width) {
    const ptrdiff_t step = constant_step ? constant_step : call->step;
    const float *x = call->x + (ptrdiff_t)(pool == 4 ? i0 / 2 : i0) * step;
    V sums[MR * NV > 4 * NV ? MR * NV : 4 * NV];
#pragma clang loop unroll(full)
    for (size_t s = 0; s < mr * nv; s++) sums[s] = 0;
    for (size_t t = 0; t < call->taps; t++) {
        const float *a = x + call->tap_offsets[t], *below = a + call->line_step;
        for (size_t k = 0; k < call->tap_length; k++, packed += NR) {
            V b[NV];
#pragma clang loop unroll(full)
            for (size_t v = 0; v < nv; v++) b[v] = load(packed + v * VL);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < mr; i++) {
                const size_t place = pool == 4 ? i / 4 * 2 + (i & 1) : i;
                const float value = (pool == 4 && i & 2 ? below : a)[(ptrdiff_t)place * step + (ptrdiff_t)k];
#pragma clang loop unroll(full)
                for (size_t v = 0; v < nv; v++) sums[i * nv + v] += value * b[v];
            }
        }
    }
    const gemm_call store = {.epilogue = call->epilogue, .out = call->out, .out_stride = call->out_stride};
    gemm_store(&store, mr, nv, pool, sums, i0, j0, width);
}

// All windows, one panel that uses nv of its vectors.
INLINE void gemm_line_panel(const gemm_line_call *call, const size_t nv, const size_t pool, const ptrdiff_t constant_step, const float *packed,
                            size_t m, size_t j0, size_t width) {
    enum { ROWS = MR / 4 * 4 };
    const size_t most = pool == 4 ? ROWS : MR;
    size_t i = 0;
    for (; i + most <= m; i += most) gemm_line_block(call, most, nv, pool, constant_step, packed, i, j0, width);
    for (; i + 4 <= m; i += 4) gemm_line_block(call, 4, nv, pool, constant_step, packed, i, j0, width);
    if (pool == 4) return;
    if (i + 2 <= m) gemm_line_block(call, 2, nv, 1, constant_step, packed, i, j0, width), i += 2;
    if (i < m) gemm_line_block(call, 1, nv, 1, constant_step, packed, i, j0, width);
}

INLINE void gemm_line_panels(const gemm_line_call *call, size_t m, size_t n, const size_t pool, const ptrdiff_t constant_step, const float *packed) {
    const size_t panel_size = call->taps * call->tap_length * NR;
    for (size_t j0 = 0; j0 < n; j0 += NR, packed += panel_size) {
        const size_t left = n - j0, width = left < NR ? left : NR;
#define PART(nv) gemm_line_panel(call, nv, pool, constant_step, packed, m, j0, width)
        WITH_VECTORS_OF(left, PART)
#undef PART
    }
}

static void gemm_line(size_t m, size_t n, const float *x, ptrdiff_t step, ptrdiff_t line_step, size_t taps, const ptrdiff_t *tap_offsets,
                      size_t tap_length, const float *packed, const kk_epilogue_f32 *epilogue, float *out, size_t out_stride) {
    const gemm_line_call call = {x, step, line_step, taps, tap_offsets, tap_length, epilogue, out, out_stride};
    const int pools = epilogue->pool == 4;
    // One or three channels, every or every other cell.
    if (step == 1 && pools) gemm_line_panels(&call, m, n, 4, 1, packed);
    else if (step == 3 && pools) gemm_line_panels(&call, m, n, 4, 3, packed);
    else if (pools) gemm_line_panels(&call, m, n, 4, 0, packed);
    else if (step == 1) gemm_line_panels(&call, m, n, 1, 1, packed);
    else if (step == 2) gemm_line_panels(&call, m, n, 1, 2, packed);
    else if (step == 3) gemm_line_panels(&call, m, n, 1, 3, packed);
    else if (step == 6) gemm_line_panels(&call, m, n, 1, 6, packed);
    else gemm_line_panels(&call, m, n, 1, 0, packed);
}
