// The outer product that weight gradients are: MR numbers of A's rows by a panel's width of dy's are sums in registers,
// and the rows go by. Nothing is packed: both operands are contiguous in the direction their block needs.
// Each element of dw is one chain of multiply-adds in ascending i that starts from what was there: neither how k and n are
// cut, nor into how many consecutive calls m is, can change a bit.

// Rows that go by before the next block: what they bring stays in the second cache for all blocks.
enum { OUTER_ROWS = 512 };

typedef struct {
    size_t m, n;
    const float *const *rows;
    const float *dy;
    size_t dy_stride;
} outer_call;

// kb and nv are constants at every call. Where the block lies in one tap its numbers are contiguous from offsets[0] on.
INLINE void outer_block(const outer_call *call, const size_t kb, const size_t nv, const int contiguous,
                        const ptrdiff_t *offsets, float *dw, size_t j0, size_t width) {
    V sums[MR * NV];
#pragma clang loop unroll(full)
    for (size_t q = 0; q < kb; q++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < nv; v++) sums[q * nv + v] = load_n(dw + q * call->n + j0 + v * VL, width - v * VL, 0);
    const float *dy = call->dy + j0;
    for (size_t i = 0; i < call->m; i++, dy += call->dy_stride) {
        const float *a = call->rows[i] + offsets[0];
        V d[NV];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < nv; v++) d[v] = load_n(dy + v * VL, width - v * VL, 0);
#pragma clang loop unroll(full)
        for (size_t q = 0; q < kb; q++) {
            const float x = contiguous ? a[q] : call->rows[i][offsets[q]];
#pragma clang loop unroll(full)
            for (size_t v = 0; v < nv; v++) sums[q * nv + v] += x * d[v];
        }
    }
#pragma clang loop unroll(full)
    for (size_t q = 0; q < kb; q++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < nv; v++) store_n(dw + q * call->n + j0 + v * VL, sums[q * nv + v], width - v * VL);
}

// The last block of k may be any size; it is too rare for forms of its own beyond powers of two.
INLINE void outer_blocks(const outer_call *call, const size_t nv, size_t taps, const ptrdiff_t *tap_offsets,
                         size_t tap_length, float *dw, size_t j0, size_t width) {
    const size_t k = taps * tap_length;
    ptrdiff_t offsets[MR];
    for (size_t k0 = 0, t = 0, within = 0; k0 < k;) {
        const size_t left = k - k0, kb = left >= MR ? MR : left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const int contiguous = within + kb <= tap_length;
        for (size_t q = 0; q < kb; q++) {
            offsets[q] = tap_offsets[t] + (ptrdiff_t)within;
            if (++within == tap_length) within = 0, t++;
        }
        float *at = dw + k0 * call->n;
        if (kb == MR && contiguous) outer_block(call, MR, nv, 1, offsets, at, j0, width);
        else if (kb == MR) outer_block(call, MR, nv, 0, offsets, at, j0, width);
        else if (kb == 8) outer_block(call, MR > 8 ? 8 : 1, nv, 0, offsets, at, j0, width); // 8 where MR is larger only
        else if (kb == 4) outer_block(call, 4, nv, 0, offsets, at, j0, width);
        else if (kb == 2) outer_block(call, 2, nv, 0, offsets, at, j0, width);
        else outer_block(call, 1, nv, 0, offsets, at, j0, width);
        k0 += kb;
    }
}

static void outer_product(size_t m, size_t n, const float *const *rows, size_t taps, const ptrdiff_t *tap_offsets,
                          size_t tap_length, const float *dy, size_t dy_stride, float *dw) {
    for (size_t i = 0; i < m; i += OUTER_ROWS) {
        const outer_call call = {m - i < OUTER_ROWS ? m - i : OUTER_ROWS, n, rows + i, dy + i * dy_stride, dy_stride};
        size_t j = 0;
        for (; j + NR <= n; j += NR) outer_blocks(&call, NV, taps, tap_offsets, tap_length, dw, j, NR);
        for (; j + VL <= n; j += VL) outer_blocks(&call, 1, taps, tap_offsets, tap_length, dw, j, VL);
        if (j < n) outer_blocks(&call, 1, taps, tap_offsets, tap_length, dw, j, n - j);
    }
}
