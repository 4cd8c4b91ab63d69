// The row-pointer product, in blocks of MR rows by one panel of NR columns held in registers.
// Each output element is summed in ascending (t, k), in partial sums that begin anew at the same k in every block size:
// how rows are cut cannot change a bit.

static size_t packed_size(size_t k, size_t n) { return (n + NR - 1) / NR * NR * k; }

static void pack(size_t k, size_t n, const float *b, ptrdiff_t row_stride, ptrdiff_t col_stride, float *packed) {
    for (size_t j0 = 0; j0 < n; j0 += NR) {
        const size_t width = n - j0 < NR ? n - j0 : NR;
        const float *panel = b + (ptrdiff_t)j0 * col_stride;
        for (size_t i = 0; i < k; i++, packed += NR) {
            const float *row = panel + (ptrdiff_t)i * row_stride;
            if (width == NR && col_stride == 1)
                for (size_t v = 0; v < NV; v++) store(packed + v * VL, load(row + v * VL));
            else
                for (size_t j = 0; j < NR; j++) packed[j] = j < width ? row[(ptrdiff_t)j * col_stride] : 0;
        }
    }
}

typedef struct {
    const float *const *rows;
    size_t taps;
    const ptrdiff_t *tap_offsets;
    size_t tap_length;
    const kk_epilogue_f32 *epilogue;
    float *out;
    size_t out_stride;
} gemm_call;

// The clamp as `clamp` does it, without the half that does nothing.
INLINE V clamp_if(V x, V low, V high, int is_bounded) {
    x = x < low ? low : x;
    return is_bounded ? x > high ? high : x : x;
}

// The largest of four, NaN if one is: what `larger` gives in their order. Three maxima and one look for NaN at all of them.
INLINE V largest_of_four(V a, V b, V c, V d) {
    const V ab = b > a ? b : a, cd = d > c ? d : c, all = cd > ab ? cd : ab;
    const VI is_nan = (a != a) | (b != b) | (c != c) | (d != d);
    return is_nan ? (V)NAN : all;
}

// Writes the sums of rows i0 ..< i0 + mr. Of `pool` rows that follow each other one is kept: the largest sum, which the bias
// and the clamp, being monotone, leave the largest.
INLINE void gemm_store(const gemm_call *call, const size_t mr, const size_t vectors, const size_t pool, const V *sums,
                       size_t i0, size_t j0, size_t width) {
    const kk_epilogue_f32 epilogue = *call->epilogue;
    const V low = epilogue.low, high = epilogue.high;
    const int is_bounded = epilogue.high < INFINITY;
    const size_t addend_stride = epilogue.addend_stride ? epilogue.addend_stride : call->out_stride;
#pragma clang loop unroll(full)
    for (size_t s = 0; s < vectors; s++) {
        const size_t j = j0 + s * VL, left = width - s * VL;
        const V bias = epilogue.bias ? load_n(epilogue.bias + j, left, 0) : 0;
        float *out = call->out + i0 / pool * call->out_stride + j;
        const float *addend = epilogue.addend ? epilogue.addend + i0 * addend_stride + j : NULL;
#pragma clang loop unroll(full)
        for (size_t i = 0; i < mr; i += pool, out += call->out_stride) {
            const V *four = sums + i * vectors + s;
            V x = pool == 1 ? four[0] : largest_of_four(four[0], four[vectors], four[2 * vectors], four[3 * vectors]);
            x += bias;
            if (pool == 1 && addend) {
                x += load_n(addend, left, 0);
                addend += addend_stride;
            }
            store_n(out, clamp_if(x, low, high, is_bounded), left);
        }
    }
}

// A chain of n additions errs by about n times a rounding, a chain of chains by much less: so many terms make a partial
// sum, at least, and less than twice as many.
enum { PARTIAL_SUM = 128 };

// mr, nv, panels and pool are constants at every call, so that `sums` lives in registers. The last panel may be `width` wide.
INLINE void gemm_block(const gemm_call *call, const size_t mr, const size_t nv, const size_t panels, const size_t pool,
                       const size_t constant_tap_length, const float *packed, size_t i0, size_t j0, size_t width) {
    const size_t tap_length = constant_tap_length ? constant_tap_length : call->tap_length;
    const size_t panel_size = call->taps * tap_length * NR;
    const float *const *rows = call->rows + i0;
    V sums[MR * NV > 4 * NV ? MR * NV : 4 * NV], total[MR * NV > 4 * NV ? MR * NV : 4 * NV];
#pragma clang loop unroll(full)
    for (size_t s = 0; s < mr * panels * nv; s++) sums[s] = 0;
    // What the results will be written to, and often added to, comes into the cache while the sums are formed.
    enum { LINE = 64 / sizeof(V) };
    if (pool == 1 && mr > 1)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (size_t v = 0; v < panels * nv; v += LINE)
                __builtin_prefetch(call->out + (i0 + i) * call->out_stride + j0 + v * VL, 1);
    size_t pending = 0, folded = 0;
    for (size_t t = 0; t < call->taps; t++) {
        const ptrdiff_t offset = call->tap_offsets[t];
        const float *a[MR];
#pragma clang loop unroll(full)
        for (size_t i = 0; i < mr; i++) a[i] = rows[i] + offset;
        for (size_t k = 0; k < tap_length;) {
            const size_t end = constant_tap_length || tap_length - k < PARTIAL_SUM ? tap_length : k + PARTIAL_SUM;
            pending += end - k;
            for (; k < end; k++, packed += NR) {
#pragma clang loop unroll(full)
                for (size_t p = 0; p < panels; p++) {
                    V b[NV];
#pragma clang loop unroll(full)
                    for (size_t v = 0; v < nv; v++) b[v] = load(packed + p * panel_size + v * VL);
#pragma clang loop unroll(full)
                    for (size_t i = 0; i < mr; i++)
#pragma clang loop unroll(full)
                        for (size_t v = 0; v < nv; v++) sums[(i * panels + p) * nv + v] += a[i][k] * b[v];
                }
            }
            // The last partial sum stays where it is: nothing begins after it.
            if (pending < PARTIAL_SUM || (k == tap_length && t + 1 == call->taps)) continue;
            if (folded)
#pragma clang loop unroll(full)
                for (size_t s = 0; s < mr * panels * nv; s++) total[s] += sums[s], sums[s] = 0;
            else
#pragma clang loop unroll(full)
                for (size_t s = 0; s < mr * panels * nv; s++) total[s] = sums[s], sums[s] = 0;
            pending = 0, folded = 1;
        }
    }
    if (folded)
#pragma clang loop unroll(full)
        for (size_t s = 0; s < mr * panels * nv; s++) sums[s] = total[s] + sums[s];
    gemm_store(call, mr, panels * nv, pool, sums, i0, j0, width);
}

// Rows of a pooled block: whole groups of four.
enum { POOL_MR = MR / 4 * 4 };

#if MR == 12
#define FOR_EVERY_REMAINDER(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#elif MR == 8
#define FOR_EVERY_REMAINDER(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#elif MR == 6
#define FOR_EVERY_REMAINDER(X) X(1) X(2) X(3) X(4) X(5)
#elif MR == 4
#define FOR_EVERY_REMAINDER(X) X(1) X(2) X(3)
#endif

// X with the number of vectors, a constant, that `left` columns of a panel use.
#define WITH_VECTORS_OF(left, X) \
    if (left > VL * (NV - 1)) X(NV); \
    else if (NV > 2 && left > VL * (NV - 2)) X(NV - 1); \
    else if (NV > 3 && left > VL * (NV - 3)) X(NV - 2); \
    else X(1);

// All rows i0 ..< i1 of one panel that uses nv of its vectors.
INLINE void gemm_panel(const gemm_call *call, const size_t nv, const size_t constant_tap_length, const float *packed,
                       size_t i0, size_t i1, size_t j0, size_t width) {
    if (call->epilogue->pool == 4) {
        for (; i0 + POOL_MR <= i1; i0 += POOL_MR) gemm_block(call, POOL_MR, nv, 1, 4, constant_tap_length, packed, i0, j0, width);
        for (; i0 < i1; i0 += 4) gemm_block(call, 4, nv, 1, 4, constant_tap_length, packed, i0, j0, width);
        return;
    }
    for (; i0 + 2 * MR <= i1 || i0 + MR == i1; i0 += MR) gemm_block(call, MR, nv, 1, 1, constant_tap_length, packed, i0, j0, width);
    // What is left is less than two blocks: in halves, since a block of a row or two takes as long as one of many.
    while (i0 < i1) {
        const size_t left = i1 - i0, rows = left > MR ? (left + 1) / 2 : left;
        switch (rows) {
#define REMAINDER(rest) \
        case rest: gemm_block(call, rest, nv, 1, 1, 0, packed, i0, j0, width); break;
            FOR_EVERY_REMAINDER(REMAINDER)
#undef REMAINDER
        default: gemm_block(call, MR, nv, 1, 1, constant_tap_length, packed, i0, j0, width);
        }
        i0 += rows;
    }
}

static void gemm(size_t m, size_t n, const float *const *rows, size_t taps, const ptrdiff_t *tap_offsets,
                 size_t tap_length, const float *packed, const kk_epilogue_f32 *epilogue, float *out, size_t out_stride) {
    const gemm_call call = {rows, taps, tap_offsets, tap_length, epilogue, out, out_stride};
    const size_t k = taps * tap_length, panel_size = k * NR;
    size_t j = 0;
    // Few rows cannot hide the latency of their own chains: several panels side by side do, and stream the weights.
    if (m == 1)
        for (; j + 4 * NR <= n; j += 4 * NR) gemm_block(&call, 1, NV, 4, 1, 0, packed + j * k, 0, j, 4 * NR);
    else if (m == 2)
        for (; j + 2 * NR <= n; j += 2 * NR) gemm_block(&call, 2, NV, 2, 1, 0, packed + j * k, 0, j, 2 * NR);
    packed += j / NR * panel_size;
    // Rows that all panels pass over while they stay in the second cache; never so few that re-reading B costs more.
    const size_t cached = (256 << 10) / (sizeof(float) * (k ? k : 1));
    const size_t chunk = (cached > 96 ? cached : 96) / 24 * 24; // whole blocks, pooled or not
    for (size_t i = 0; i < m; i += chunk) {
        const size_t end = m - i < chunk ? m : i + chunk;
        const float *panel = packed;
        for (size_t j0 = j; j0 < n; j0 += NR, panel += panel_size) {
            const size_t left = n - j0;
            // With runs this short (first layers) the loop over k costs as much as its work; unrolled with 12 rows
            // their pointers would no longer fit in registers.
            if (left >= NR && MR < 12 && tap_length == 3) gemm_panel(&call, NV, 3, panel, i, end, j0, NR);
            else if (left >= NR) gemm_panel(&call, NV, 0, panel, i, end, j0, NR);
#define PART(nv) gemm_panel(&call, nv, 0, panel, i, end, j0, left)
            else WITH_VECTORS_OF(left, PART)
#undef PART
        }
    }
}
